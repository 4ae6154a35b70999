internal import Agent
internal import Bus
internal import Coordinator
internal import Fleet
internal import Ladder
internal import LinuxHost
internal import Logging
internal import MeshKeys
internal import Ports
internal import Simulated
internal import Store
internal import ZeroMQ

/// The coordinator of a swarm and its agents.
actor Swarm {
    /// What of a host outlives its agent and its kernel.
    private struct Host {
        var bus: CurveKeyPair
        var identity: IdentityKey
        var record: MemoryNodeRecord
        var boots: UInt8
        var agent: Task<Void, any Error>?
    }

    /// No state is waited for longer.
    private static let patienceMilliseconds: UInt64 = 300_000

    private let coordinator: Coordinator
    private let bus: CoordinatorZeroMQBus
    private let context: ZeroMQContext
    private let endpoint: String
    private let server: CurvePublicKey
    private var hosts: [Host] = []
    private let clock = BootClock()
    private let logger = Logger(label: "swarm") { StandardErrorLog(label: $0, level: .error) }

    /// - Parameter journal: the path of a database that is not there yet.
    init(agents count: Int, port: UInt16, drainMilliseconds: UInt64, journal path: String) async throws {
        var members: [FleetConfiguration.Member] = []
        for index in 0..<count {
            let identity = try IdentityKey(IdentityKey.makeSecret())
            hosts.append(
                Host(bus: try CurveKeyPair.generate(), identity: identity, record: MemoryNodeRecord(), boots: 0))
            members.append(try SwarmFleet.member(index, identityKey: identity.publicKey))
        }
        let configuration = SwarmFleet.configuration(members, drainMilliseconds: drainMilliseconds)
        let journal = try SQLiteJournal(path: path, fresh: SwarmFleet.fresh)
        let enrolment = try await Enrolment.enrol(configuration, in: journal)
        var enrolled: [CurvePublicKey: NodeNumber] = [:]
        for (index, member) in members.enumerated() {
            enrolled[hosts[index].bus.publicKey] = enrolment.state.numbers[member.name]
        }
        let key = try CurveKeyPair.generate()
        // A DEALER and a monitor's pair of sockets each, and as many again while one takes another's place.
        context = try ZeroMQContext(socketsMaximum: Int32(8 * count + 64))
        endpoint = "tcp://127.0.0.1:\(port)"
        server = key.publicKey
        bus = try CoordinatorZeroMQBus(endpoints: [endpoint], key: key, enrolled: enrolled, logger: logger)
        coordinator = Coordinator(
            configuration, enrolment: enrolment, bus: bus, journal: journal, clock: clock, logger: logger,
            beside: bus)
    }

    /// Runs the fleet while the body does, once every agent is present.
    func run(_ body: () async throws -> Void) async throws {
        try await bus.start()
        let direction = Task { await coordinator.run() }
        for index in hosts.indices { try await boot(index) }
        try await wait("every agent is present") {
            $0.nodes.count == hosts.count && $0.nodes.allSatisfy(\.isPresent)
        }
        try await body()
        for host in hosts { host.agent?.cancel() }
        direction.cancel()
    }

    func toggle(_ enabled: Bool) async throws -> RolloutRecord { try await coordinator.toggle(enabled) }

    /// Fresh keys for every edge.
    func rotate() async throws {
        let answer = await coordinator.perform(.rollout(.rotate, absent: nil), requestedBy: "swarm")
        guard case .done = answer else { throw SwarmError("a rotation was answered \(answer)") }
    }

    /// The host loses its kernel's state and comes back; answers how long it took from its agent's first word until its
    /// edges were protected, and the rollout that did it.
    func reboot(_ index: Int) async throws -> (microseconds: UInt64, RolloutRecord) {
        hosts[index].agent?.cancel()
        _ = await hosts[index].agent?.result
        let before = coordinator.status()
        try await boot(index)
        try await wait("node\(index + 1) has joined") {
            let (old, new) = (before.nodes[index].joinMicroseconds, $0.nodes[index].joinMicroseconds)
            return new != old && $0.enabled && $0.rollouts.first?.id != before.rollouts.first?.id
                && $0.rollouts.first?.outcome == .success
        }
        guard let microseconds = coordinator.status().nodes[index].joinMicroseconds else {
            throw SwarmError("no time of a join")
        }
        return (microseconds, try newest(of: .converge))
    }

    private func boot(_ index: Int) async throws {
        hosts[index].boots &+= 1
        let host = hosts[index]
        let agentBus = try AgentZeroMQBus(
            endpoint: endpoint, server: server, key: host.bus, in: context, logger: logger)
        let agent = try await NodeAgent(
            .init(
                incarnation: .random(in: .min ... .max), bootID: [UInt8](repeating: host.boots, count: 16)),
            identityKey: host.identity, bus: agentBus,
            machine: .init(
                kernel: SimulatedKernel(), record: host.record, probe: SimulatedProbe(), host: SimulatedHost(),
                clock: clock), logger: logger)
        try await agentBus.start()
        hosts[index].agent = Task {
            await agent.run()
            await agentBus.close()
        }
    }

    private func newest(of kind: RolloutKind) throws -> RolloutRecord {
        guard let record = coordinator.status().rollouts.first, record.kind == kind, record.outcome == .success else {
            throw SwarmError("the newest rollout is no \(kind)")
        }
        return record
    }

    private func wait(_ what: String, _ condition: (FleetStatus) -> Bool) async throws {
        let deadline = clock.now().advanced(byMilliseconds: Self.patienceMilliseconds)
        while !condition(coordinator.status()) {
            guard clock.now() < deadline else { throw SwarmError("not in time: \(what)") }
            await clock.sleep(until: clock.now().advanced(byMilliseconds: 5))
        }
    }
}
