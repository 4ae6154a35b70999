internal import ArgumentParser
internal import CoordinatorAPI
internal import Fleet
internal import Foundation
internal import Logging
internal import Ports

/// A whole fleet in one process: the real coordinator, agents, bus and journal over kernels in memory.
@main
struct SwarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo-swarm",
        abstract: "Measures rollouts of many agents on one machine: real bus with CURVE, kernels in memory.",
        discussion:
            "Prints one JSON object a line: {\"agents\", \"kind\", \"microseconds\", \"drain_microseconds\", \"steps\"}."
    )

    enum Measure: String, ExpressibleByArgument, CaseIterable {
        /// On and off.
        case toggle
        /// One node after another is rebooted and comes back; its time is from its agent's first word to protected.
        case join
        /// Nothing: a bare HTTPS server answers `hello` until it is killed, which requests to the real one are held against.
        case bare
    }

    @Option(help: "What is measured.")
    var measure = Measure.toggle
    @Option(help: "How many agents, 2 to 10000.")
    var agents = 100
    @Option(help: "Rounds that are counted, after one that is not.")
    var rounds = 10
    @Option(help: "The coordinator's port on 127.0.0.1.")
    var port: UInt16 = 17_740
    @Option(help: "The bare server's port on 127.0.0.1.")
    var barePort: UInt16 = 18_443
    @Option(help: "The drain in milliseconds.")
    var drain: UInt64 = 50

    func validate() throws {
        guard (2...10_000).contains(agents) else { throw ValidationError("--agents takes 2 to 10000") }
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds takes 1 to 10000") }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "testudo-swarm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        if measure == .bare {
            let configuration = RESTConfiguration(
                listen: [.init(host: "127.0.0.1", port: Int(barePort))], directory: folder.appending(path: "rest").path)
            return try await BareServer.run(configuration, logger: Logger(label: "bare"))
        }
        let swarm = try await Swarm(
            agents: agents, port: port, drainMilliseconds: drain, journal: folder.appending(path: "journal.sqlite").path
        )
        try await swarm.run {
            switch measure {
            case .toggle: try await toggle(swarm)
            case .join: try await join(swarm)
            case .bare: break
            }
        }
    }

    private func toggle(_ swarm: Swarm) async throws {
        for round in 0...rounds {
            for enabled in [true, false] {
                let record = try await swarm.setEnabled(enabled)
                if round > 0 { tell(record) }
            }
        }
    }

    private func join(_ swarm: Swarm) async throws {
        _ = try await swarm.setEnabled(true)
        for round in 0...rounds {
            // Far from one another, so that no node's number matters.
            let index = (round * 37 + 11) % agents
            // One set of keys everywhere: a fleet in which nobody has come back yet.
            try await swarm.rotate()
            let (microseconds, record) = try await swarm.reboot(index)
            if round > 0 { tell(record, joined: microseconds) }
        }
    }

    private func tell(_ record: RolloutRecord, joined: UInt64? = nil) {
        let steps = record.steps.map { "\"\($0.name)\":\($0.microseconds)" }.joined(separator: ",")
        print(
            "{\"agents\":\(agents),\"kind\":\"\(joined == nil ? record.kind.rawValue : "join")\","
                + "\"microseconds\":\(joined ?? record.microseconds),\"drain_microseconds\":\(record.drainMicroseconds),"
                + "\"steps\":{\(steps)}}")
    }
}

/// Says why a measurement cannot go on.
struct SwarmError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
