import Fleet
import Ladder
import LinuxHost
import Logging
import MeshKeys
import Ports
import Simulated
import Synchronization
import Testing
import XFRM

@testable import Agent

/// One real agent, node 1 of three, whose coordinator and peers are the test.
final class LoneAgent: Sendable {
    let bus = SimulatedBus()
    let kernel = SimulatedKernel()
    let held: HeldKernel
    let record = MemoryNodeRecord()
    let agent: NodeAgent
    let roster: Roster
    private let peers: [NodeNumber: IdentityKey]
    /// One for all orders, so that an order that is sent again is the same.
    private let expiry = BootClock().now().advanced(byMilliseconds: 600_000)
    private let heard = Mutex<[AgentMessage]>([])

    init(
        rules: (Roster) throws -> NodeRules = { _ in NodeRules() }, probe: any PathProbe = SimulatedProbe(),
        bypass: [Bypass] = []
    ) async throws {
        var identities: [NodeNumber: IdentityKey] = [:]
        var nodes: [NodeNumber: Node] = [:]
        for number in [1, 2, 3] as [NodeNumber] {
            let identity = try IdentityKey(IdentityKey.makeSecret())
            identities[number] = identity
            nodes[number] = Node(
                number: number, name: try #require(NodeName("node\(number)")),
                addresses: [try #require(Address("10.77.0.\(number)")), try #require(Address("fd77::\(number)"))],
                identityKey: identity.publicKey)
        }
        roster = Roster(
            epoch: Epoch(1), fleetID: [UInt8](repeating: 7, count: 16), sequence: 1, nodes: nodes, bypass: bypass)
        peers = identities
        held = HeldKernel(kernel)
        agent = try await NodeAgent(
            .init(incarnation: 1, bootID: [UInt8](repeating: 1, count: 16)),
            identityKey: try #require(identities[1]), rules: rules(roster), bus: bus.connect(1),
            machine: .init(kernel: held, record: record, probe: probe, host: SimulatedHost(), clock: BootClock()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Runs the agent while the body does.
    func run(_ body: @Sendable @escaping () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let bell = Bell()
            bus.events.notify { bell.ring() }
            group.addTask { await self.agent.run() }
            group.addTask {
                while !Task.isCancelled {
                    await bell.wait()
                    for case .message(let message, _) in self.bus.events.takeAll().elements {
                        self.heard.withLock { $0.append(message) }
                    }
                }
            }
            try await body()
            group.cancelAll()
            bus.close()
        }
    }

    // MARK: What a coordinator does

    func welcome(_ roster: Roster?, heartbeatMilliseconds: UInt32 = 100) async {
        let welcome = Welcome(
            number: 1, roster: roster, clock: BootClock().now(), heartbeatMilliseconds: heartbeatMilliseconds)
        await bus.send([Delivery(.welcome(welcome), to: [1])])
    }

    /// Sends an order and waits for the next report on it.
    func order(_ task: Order.Task, _ generation: UInt64, _ step: UInt32, of roster: Roster? = nil) async throws
        -> Report
    {
        let stamp = Stamp(generation: Generation(generation), step: step)
        let before = reports(on: stamp).count
        await send(task, stamp, of: roster)
        try await eventually("a report on \(stamp)") { reports(on: stamp).count > before }
        return try #require(reports(on: stamp).last)
    }

    func send(_ task: Order.Task, _ stamp: Stamp, of roster: Roster? = nil) async {
        let roster = roster ?? self.roster
        let order = Order(
            epoch: roster.epoch, stamp: stamp, rollout: 1, roster: RosterVersion(of: roster), task: task,
            expiry: expiry)
        await bus.send([Delivery(.order(order), to: [1])])
    }

    /// Takes the edges to these peers through the ladder as far as a rung, with the keys of one generation.
    func climb(
        to rung: Rung, _ generation: UInt64 = 1, of roster: Roster? = nil, heartbeatMilliseconds: UInt32 = 100
    ) async throws {
        await welcome(roster ?? self.roster, heartbeatMilliseconds: heartbeatMilliseconds)
        let set = try await exchange(generation, of: roster)
        let fresh = Order.Fresh(OfferSetVersion(of: set), isMade: true)
        for (index, next) in [Rung.accept, .send, .enforce].enumerated() where next <= rung {
            let report = try await order(
                .move(EdgeRule(base: Place(next, .only)), fresh: fresh), generation, UInt32(index + 2), of: roster)
            #expect(report.verdict == .done)
        }
    }

    /// All offers of a generation, known to the agent.
    func exchange(_ generation: UInt64, of roster: Roster? = nil) async throws -> OfferSet {
        let report = try await order(.offer, generation, 1, of: roster)
        var offers: [NodeNumber: Offer] = [1: try #require(report.offer)]
        for (number, identity) in peers where number != 1 {
            let slot = try #require(Slot(UInt16(truncatingIfNeeded: generation)))
            offers[number] = KeyRing(identity: identity).make(set: Generation(generation), slot: slot)
        }
        let set = OfferSet(generation: Generation(generation), offers: offers)
        let share = OfferShare(set, OfferSetVersion(of: set), of: nil)
        await bus.send([Delivery(.offers(share), to: [1])])
        return set
    }

    // MARK: What was heard

    func reports(on stamp: Stamp) -> [Report] {
        heard.withLock { messages in
            messages.compactMap { if case .report(let report) = $0, report.answering == stamp { report } else { nil } }
        }
    }

    var hellos: [Hello] {
        heard.withLock { messages in messages.compactMap { if case .hello(let hello) = $0 { hello } else { nil } } }
    }

    var heartbeats: [NodeHeartbeat] {
        heard.withLock { messages in
            messages.compactMap { if case .heartbeat(let heartbeat) = $0 { heartbeat } else { nil } }
        }
    }

    /// Waits until the agent has looked at its kernel and mended what it may.
    func nextHeartbeat() async throws -> NodeHeartbeat {
        let before = heartbeats.count
        // The first one may have been on its way.
        try await eventually("two heartbeats") { heartbeats.count > before + 1 }
        return try #require(heartbeats.last)
    }

    /// The policies for all traffic to and from an address.
    func policies(with peer: Address) async throws -> [Policy] {
        try await kernel.snapshot().policies.filter { policy in
            policy.priority == Ownership.pairPriority
                && [policy.id.selector.source.address, policy.id.selector.destination.address].contains(peer)
        }
    }
}
