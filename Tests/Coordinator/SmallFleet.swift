import Fleet
import Ladder
import LinuxHost
import Logging
import MeshKeys
import Ports
import Simulated
import Testing
import XFRM

@testable import Agent
@testable import Coordinator

/// The real coordinator and agents over a simulated bus, kernels and journal.
final class SmallFleet: Sendable {
    let bus = SimulatedBus()
    let journal: MemoryJournal
    let identities: [IdentityKey]
    let records: [MemoryNodeRecord]
    let kernels: [SimulatedKernel]
    let probes: [SimulatedProbe]
    let agents: [NodeAgent]
    let coordinator: Coordinator
    let configuration: FleetConfiguration
    private let lives: Int

    /// - Parameters:
    ///   - earlier: whose hosts these are, after every process was restarted.
    ///   - journal: what the coordinator knows; by default what it knew.
    ///   - edit: changes the configuration that a fleet of this size has.
    init(
        _ count: Int, after earlier: SmallFleet? = nil, journal: MemoryJournal? = nil, lacking: [Int: String] = [:],
        drainMilliseconds: UInt64 = 1, rungMilliseconds: UInt64 = 10_000,
        absent: AbsentPolicy = .refuse, rules: [Int: NodeRules] = [:],
        clock: any MonotonicClock = BootClock(), checkpoint: Checkpoint = .none,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        edit: (inout FleetConfiguration) -> Void = { _ in }
    ) async throws {
        self.journal = journal ?? earlier?.journal ?? MemoryJournal()
        var limits = RolloutLimits()
        limits.drain = .fixed(milliseconds: drainMilliseconds)
        limits.rungMilliseconds = rungMilliseconds
        var identities = earlier?.identities ?? []
        while identities.count < count { identities.append(try IdentityKey(IdentityKey.makeSecret())) }
        self.identities = identities
        var members: [FleetConfiguration.Member] = []
        for index in 0..<count {
            let name = try #require(NodeName("node\(index + 1)"))
            let address = try #require(Address("10.77.0.\(index + 1)"))
            let other = try #require(Address("fd77::\(index + 1)"))
            members.append(.init(name: name, addresses: [address, other], identityKey: identities[index].publicKey))
        }
        var configuration = FleetConfiguration(
            name: "test", members: members, bypass: [.ssh, .neighbourDiscovery], limits: limits, absent: absent)
        edit(&configuration)
        self.configuration = configuration
        let enrolment = try await Enrolment.enrol(configuration, in: self.journal)
        coordinator = Coordinator(
            configuration, enrolment: enrolment, bus: bus, journal: self.journal, clock: clock,
            checkpoint: checkpoint, logger: logger)
        var kernels = earlier?.kernels ?? []
        var records = earlier?.records ?? []
        var agents: [NodeAgent] = []
        let lives = (earlier?.lives ?? 0) + 1
        self.lives = lives
        let probes = (0..<count).map { _ in SimulatedProbe() }
        self.probes = probes
        for index in 0..<count {
            if index == kernels.count {
                kernels.append(SimulatedKernel(lacking: lacking[index]))
                records.append(MemoryNodeRecord())
            }
            let number = try #require(enrolment.state.numbers[configuration.members[index].name])
            agents.append(
                try await NodeAgent(
                    .init(incarnation: UInt64(lives * 100 + index), bootID: [UInt8](repeating: 1, count: 16)),
                    identityKey: identities[index], rules: rules[index] ?? NodeRules(), bus: bus.connect(number),
                    machine: .init(
                        kernel: kernels[index], record: records[index], probe: probes[index], host: SimulatedHost(),
                        clock: BootClock()), logger: logger))
        }
        self.kernels = kernels
        self.records = records
        self.agents = agents
    }

    /// `done` whichever rollout did it.
    func setEnabled(_ enabled: Bool) async -> Answer {
        Answer(await coordinator.perform(.configure(enabled: enabled, replayWindow: nil), requestedBy: "test"))
    }

    /// What it has begun and ended of this kind, newest first.
    func outcomes(_ kind: RolloutKind) -> [RolloutRecord.Outcome] {
        coordinator.status().rollouts.filter { $0.kind == kind }.map(\.outcome)
    }

    func perform(_ request: FleetRequest) async -> Answer {
        Answer(await coordinator.perform(request, requestedBy: "test"))
    }

    /// Every kernel holds one set of SAs for each peer and family, and requires it.
    func expectProtected() async throws {
        for kernel in kernels {
            let snapshot = try await kernel.snapshot()
            #expect(snapshot.associations.count == 2 * 2 * (kernels.count - 1))
            let required = snapshot.policies.filter { $0.priority == Ownership.pairPriority }
            #expect(required.count == 3 * 2 * (kernels.count - 1))
            #expect(!snapshot.policies.contains { $0.priority == Ownership.trialPriority })
        }
    }

    func expectWindow(_ packets: UInt32) async throws {
        for kernel in kernels {
            let windows = try await kernel.snapshot().associations.map(\.association.replayWindow)
            #expect(Set(windows) == [packets])
        }
    }

    func spis() async throws -> Set<SPI> {
        var spis: Set<SPI> = []
        for kernel in kernels { spis.formUnion(try await kernel.snapshot().associations.map(\.association.id.spi)) }
        return spis
    }

    enum Answer: Hashable {
        case unchanged
        case done
        case failed(RolloutFailure)

        init(_ answer: RolloutAnswer) {
            self =
                switch answer {
                case .unchanged: .unchanged
                case .done: .done
                case .failed(let failure): .failed(failure)
                }
        }
    }

    /// Runs the fleet while the body does, once every node is present but for one that nobody hears from.
    func run(without absent: NodeNumber? = nil, _ body: @Sendable @escaping () async throws -> Void) async throws {
        if let absent { bus.cutOff(absent) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.coordinator.run() }
            for agent in agents { group.addTask { await agent.run() } }
            try await eventually("every node is present") {
                let status = self.coordinator.status()
                return status.nodes.count == self.agents.count
                    && status.nodes.allSatisfy { $0.isPresent != ($0.number == absent) }
            }
            try await body()
            group.cancelAll()
            bus.close()
        }
    }
}

func expectEmpty(_ kernel: SimulatedKernel) async throws {
    let snapshot = try await kernel.snapshot()
    #expect(snapshot == Snapshot())
}

struct NotInTime: Error { var what: String }

/// Waits for a condition, at most five minutes: tests that compute keep every processor for long.
func eventually(_ what: String, _ condition: () async -> Bool) async throws {
    let clock = BootClock()
    let deadline = clock.now().advanced(byMilliseconds: 300_000)
    while await !condition() {
        guard clock.now() < deadline else { throw NotInTime(what: what) }
        await clock.sleep(until: clock.now().advanced(byMilliseconds: 2))
    }
}
