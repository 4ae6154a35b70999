internal import ArgumentParser
internal import Fleet
internal import Foundation
internal import Netlink
internal import Ports
internal import XFRM

/// How fast the agent's kernel adapter changes XFRM state: the part that `benchmarks/netlink/run` holds against others.
struct NetlinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netlink",
        abstract: "Takes edges up the ladder and down again in the kernel, as the agent does.",
        discussion: """
            Needs CAP_NET_ADMIN and changes the network namespace that it runs in: run it in one made for it. Prints one \
            line a measurement: CASE MICROSECONDS OBJECTS.
            """)

    enum Measure: String, ExpressibleByArgument, CaseIterable {
        /// All edges from clear to accept, send, enforce and clear.
        case walk
        /// Everything that stands is read back.
        case dump
        /// Nothing: what is read back is printed, one object a line.
        case show
        /// Nothing: says `yes`, or `no` and the kernel's own words.
        case support
    }

    enum Family: String, ExpressibleByArgument, CaseIterable {
        case ipv4
        case ipv6

        var family: Address.Family { self == .ipv4 ? .ipv4 : .ipv6 }
    }

    /// The rung at which a walk may end.
    enum End: String, ExpressibleByArgument, CaseIterable {
        case accept
        case send
        case enforce
        case clear

        var rung: Rung {
            switch self {
            case .accept: .accept
            case .send: .send
            case .enforce: .enforce
            case .clear: .clear
            }
        }
    }

    @Option(help: "What is measured.")
    var measure = Measure.walk
    @Option(help: "How many edges, 1 to \(NetlinkEdges.maximum).")
    var peers = 10
    @Option(help: "The addresses' family.")
    var family = Family.ipv4
    @Option(help: "Rounds that are counted, after one that is not.")
    var rounds = 1
    @Option(help: "Walks once, prints nothing and leaves the edges at this rung.")
    var until: End?
    @Option(help: "Writes the first walk's changes into this folder, for others to make.")
    var recipe: String?
    @Flag(help: "No SAs are made, as on a kernel without ESP.")
    var policiesOnly = false

    func validate() throws {
        guard (1...NetlinkEdges.maximum).contains(peers) else {
            throw ValidationError("--peers takes 1 to \(NetlinkEdges.maximum)")
        }
        guard (0...10_000).contains(rounds) else { throw ValidationError("--rounds takes 0 to 10000") }
    }

    func run() async throws {
        let kernel = try XFRMKernel()
        switch measure {
        case .walk: try await walk(kernel)
        case .dump: try await dump(kernel)
        case .show:
            let snapshot = try await kernel.snapshot()
            if snapshot != Snapshot() { print(snapshot) }
        case .support:
            let lacking = try await kernel.support().lacking
            print(lacking.map { "no \($0)" } ?? "yes")
        }
    }

    /// Away from the main actor, as the agent is.
    @concurrent private func walk(_ kernel: XFRMKernel) async throws {
        var makesAssociations = false
        // Asked first of all: this loads the modules.
        if !policiesOnly { makesAssociations = try await kernel.support().lacking == nil }
        let edges = try NetlinkEdges(count: peers, family: family.family)
        var walk = try await NetlinkWalk(edges, on: kernel, makesAssociations: makesAssociations)
        for round in 0...(until == nil ? rounds : 0) {
            var planning = Duration.zero
            var reading = Duration.zero
            var objectCount = 0
            for rung in NetlinkWalk.rungs {
                let step = try await walk.step(to: rung)
                if round == 0, let recipe { try NetlinkRecipe(step.batch).write(rung, in: recipe) }
                if until?.rung == rung { return }
                planning += step.planning
                reading += step.reading
                objectCount += step.objectCount
                if round > 0 { tell("\(rung)", step.applying, step.batch.count) }
            }
            guard round > 0 else { continue }
            tell("plan", planning, walk.changeCount)
            tell("readback", reading, objectCount)
        }
    }

    @concurrent private func dump(_ kernel: XFRMKernel) async throws {
        let clock = ContinuousClock()
        for round in 0...rounds {
            let start = clock.now
            let snapshot = try await kernel.snapshot()
            let elapsed = clock.now - start
            if round > 0 { tell("dump", elapsed, snapshot.policies.count + snapshot.associations.count) }
        }
    }

    private func tell(_ name: String, _ elapsed: Duration, _ count: Int) {
        print(name, String(format: "%.1f", elapsed / .microseconds(1)), count)
    }
}

/// Says why a measurement cannot go on.
struct NetlinkMeasureError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
