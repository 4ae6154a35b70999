internal import ArgumentParser
internal import Foundation

/// A fleet of whole agents in one process, each with every edge.
struct EdgesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edges",
        abstract: "Rollouts of whole agents in one process, over kernels in memory.",
        discussion:
            "Prints one JSON object a line: {\"agents\", \"kind\", \"microseconds\", \"drain_microseconds\", \"steps\"}."
    )

    enum Measure: String, ExpressibleByArgument, CaseIterable {
        /// On and off.
        case toggle
        /// One node after another is rebooted and comes back; its time is from its agent's first word to protected.
        case join
    }

    @Option(help: "What is measured.")
    var measure = Measure.toggle
    @Option(help: "How many agents, 2 to 10000.")
    var agents = 100
    @Option(help: "Rounds that are counted, after one that is not.")
    var rounds = 10
    @Option(help: "The coordinator's port on 127.0.0.1.")
    var port: UInt16 = 17_740
    @Option(help: "The drain in milliseconds.")
    var drain: UInt64 = 50

    func validate() throws {
        guard FleetOptions.counts.contains(agents) else { throw ValidationError("--agents takes 2 to 10000") }
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds takes 1 to 10000") }
    }

    func run() async throws {
        try await withTemporaryFolder { folder in
            let swarm = try await Swarm(
                agents: agents, port: port, drainMilliseconds: drain,
                journal: folder.appending(path: "journal.sqlite").path)
            try await swarm.run {
                switch measure {
                case .toggle: try await toggle(swarm)
                case .join: try await join(swarm)
                }
            }
        }
    }

    private func toggle(_ swarm: Swarm) async throws {
        for round in 0...rounds {
            for enabled in [true, false] {
                let record = try await swarm.toggle(enabled)
                if round > 0 { print(record.line(agents: agents)) }
            }
        }
    }

    private func join(_ swarm: Swarm) async throws {
        _ = try await swarm.toggle(true)
        for round in 0...rounds {
            // Far from one another, so that no node's number matters.
            let index = (round * 37 + 11) % agents
            // One set of keys everywhere: a fleet in which nobody has come back yet.
            try await swarm.rotate()
            let (microseconds, record) = try await swarm.reboot(index)
            if round > 0 { print(record.line(agents: agents, kind: "join", microseconds: microseconds)) }
        }
    }
}
