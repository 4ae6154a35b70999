import Fleet
import Ladder
import LinuxHost
import Logging
import MeshKeys
import Ports
import Simulation
import Testing
import XFRM

@testable import Agent
@testable import Coordinator

/// The real coordinator and agents over a simulated bus, kernels and journal.
final class SmallFleet: Sendable {
    let bus = SimulatedBus()
    let journal = MemoryJournal()
    let kernels: [SimulatedKernel]
    let agents: [NodeAgent]
    let coordinator: Coordinator

    init(_ count: Int, lacking: [Int: String] = [:], drainMilliseconds: UInt64 = 1, rungMilliseconds: UInt64 = 10_000)
        async throws
    {
        var limits = RolloutLimits()
        limits.drainMilliseconds = drainMilliseconds
        limits.rungMilliseconds = rungMilliseconds
        let identities = try (0..<count).map { _ in try IdentityKey(IdentityKey.makeSecret()) }
        var members: [FleetConfiguration.Member] = []
        for index in 0..<count {
            let name = try #require(NodeName("node\(index + 1)"))
            let address = try #require(Address("10.77.0.\(index + 1)"))
            let other = try #require(Address("fd77::\(index + 1)"))
            members.append(.init(name: name, addresses: [address, other], identityKey: identities[index].publicKey))
        }
        let configuration = FleetConfiguration(
            name: "test", members: members, bypass: [.ssh, .neighbourDiscovery], limits: limits)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let enrolment = try await Enrolment.enrol(configuration, in: journal)
        coordinator = Coordinator(
            configuration, enrolment: enrolment, bus: bus, journal: journal, clock: BootClock(), logger: logger)
        var kernels: [SimulatedKernel] = []
        var agents: [NodeAgent] = []
        for index in 0..<count {
            let kernel = SimulatedKernel(lacking: lacking[index])
            let number = try #require(NodeNumber(UInt32(index + 1)))
            agents.append(
                try await NodeAgent(
                    .init(incarnation: UInt64(index), bootID: [UInt8](repeating: 1, count: 16)),
                    identityKey: identities[index], bus: bus.connect(number), kernel: kernel,
                    record: MemoryNodeRecord(), clock: BootClock(), logger: logger))
            kernels.append(kernel)
        }
        self.kernels = kernels
        self.agents = agents
    }

    /// Runs the fleet while the body does, once every node is present.
    func run(_ body: @Sendable @escaping () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.coordinator.run() }
            for agent in agents { group.addTask { await agent.run() } }
            try await eventually("every node is present") {
                let status = self.coordinator.status()
                return status.nodes.count == self.agents.count && status.nodes.allSatisfy(\.isPresent)
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

/// Waits for a condition, at most half a minute.
func eventually(_ what: String, _ condition: () async -> Bool) async throws {
    let clock = BootClock()
    let deadline = clock.now().advanced(byMilliseconds: 30_000)
    while await !condition() {
        guard clock.now() < deadline else { throw NotInTime(what: what) }
        await clock.sleep(until: clock.now().advanced(byMilliseconds: 2))
    }
}

@Suite("A fleet of real coordinator and agents")
struct FleetTests {
    @Test(
        "On and off again: every edge of every kernel goes along, and each SA's key is installed once",
        arguments: [2, 4])
    func onAndOff(count: Int) async throws {
        let fleet = try await SmallFleet(count)
        try await fleet.run {
            #expect(await fleet.coordinator.setEnabled(true, requestedBy: "test") == .done)
            #expect(fleet.coordinator.status().enabled)
            for kernel in fleet.kernels {
                let snapshot = try await kernel.snapshot()
                #expect(snapshot.associations.count == 2 * 2 * (count - 1))
            }
            #expect(await fleet.coordinator.setEnabled(true, requestedBy: "test") == .unchanged)
            #expect(await fleet.coordinator.setEnabled(false, requestedBy: "test") == .done)
            #expect(!fleet.coordinator.status().enabled)
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
            #expect(await fleet.coordinator.setEnabled(true, requestedBy: "test") == .done)
            for kernel in fleet.kernels { #expect(await kernel.keysInstalledAgain == 0) }
        }
    }

    @Test("A refusing kernel takes everyone back to clear; the answer has its words, and the next call works")
    func refusal() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            let words = KernelError(operation: "XFRM_MSG_NEWPOLICY", code: 17, message: "File exists: not ours")
            await fleet.kernels[1].refuse(words) {
                if case .addPolicy(let policy) = $0 {
                    policy.id.direction == .out && policy.action != .bypass
                } else {
                    false
                }
            }

            let answer = await fleet.coordinator.setEnabled(true, requestedBy: "test")

            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.cause == .enableFailed)
            #expect(failure.reasons.map(\.node?.text) == ["node2"])
            #expect(failure.reasons[0].message.contains("File exists: not ours"))
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
            #expect(await fleet.coordinator.setEnabled(true, requestedBy: "test") == .done)
        }
    }

    @Test("A kernel without ESP is refused before anything has changed")
    func unsupported() async throws {
        let fleet = try await SmallFleet(2, lacking: [1: "Requested type not found"])
        try await fleet.run {
            let answer = await fleet.coordinator.setEnabled(true, requestedBy: "test")

            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.cause == .unsupported)
            #expect(failure.reasons.map(\.message) == ["Requested type not found"])
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
        }
    }

    @Test("An agent of another protocol makes the cluster unsupported")
    func olderProtocol() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            fleet.bus.announce(protocolVersion: 0, from: 2)
            // The announcement and the call go through one inbox by two ways: ask until it has arrived.
            var answer = await fleet.coordinator.setEnabled(true, requestedBy: "test")
            if answer == .done {
                _ = await fleet.coordinator.setEnabled(false, requestedBy: "test")
                answer = await fleet.coordinator.setEnabled(true, requestedBy: "test")
            }
            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.cause == .unsupported)
            #expect(failure.reasons.map(\.node?.text) == ["node2"])
        }
    }

    @Test("A call with the same target joins; one with the opposite target waits for the end")
    func twoCallsAtOnce() async throws {
        let fleet = try await SmallFleet(2, drainMilliseconds: 300)
        try await fleet.run {
            async let first = fleet.coordinator.setEnabled(true, requestedBy: "a")
            try await eventually("the rollout runs") { fleet.coordinator.status().rollouts.first?.outcome == .running }
            async let second = fleet.coordinator.setEnabled(true, requestedBy: "b")
            async let third = fleet.coordinator.setEnabled(false, requestedBy: "c")

            #expect(await [first, second] == [.done, .done])
            #expect(await third == .done)

            let rollouts = fleet.coordinator.status().rollouts
            #expect(rollouts.map(\.target) == [false, true])
        }
    }

    @Test("A silent node: the answer names it, and when it is back the fleet comes to one state")
    func silentNode() async throws {
        let fleet = try await SmallFleet(3, rungMilliseconds: 300)
        try await fleet.run {
            fleet.bus.cutOff(3)
            let answer = await fleet.coordinator.setEnabled(true, requestedBy: "test")
            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.reasons.map(\.node?.text) == ["node3"])
            for kernel in fleet.kernels { try await expectEmpty(kernel) }

            fleet.bus.joinAgain(3)
            try await eventually("a call works again") {
                await fleet.coordinator.setEnabled(true, requestedBy: "test") == .done
            }
            #expect(fleet.coordinator.status().enabled)
        }
    }

    @Test("Without a journal nothing is ordered")
    func journalFails() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            await fleet.journal.fail(with: JournalError(operation: "record", message: "disk full"))

            let answer = await fleet.coordinator.setEnabled(true, requestedBy: "test")

            guard case .failed = answer else { return #expect(Bool(false), "the call did not fail") }
            let orders = fleet.bus.sent.filter { if case .order = $0.message { true } else { false } }
            #expect(orders.isEmpty)
            await fleet.journal.fail(with: nil)
            #expect(await fleet.coordinator.setEnabled(true, requestedBy: "test") == .done)
        }
    }

    @Test("No node enrolled is a failure with that reason; one node needs no SA")
    func smallestFleets() async throws {
        let none = try await SmallFleet(0)
        try await none.run {
            guard case .failed(let failure) = await none.coordinator.setEnabled(true, requestedBy: "test") else {
                return #expect(Bool(false), "the call did not fail")
            }
            #expect(failure.reasons.map(\.message) == ["no node is enrolled"])
        }
        let one = try await SmallFleet(1)
        try await one.run {
            #expect(await one.coordinator.setEnabled(true, requestedBy: "test") == .done)
            #expect(one.coordinator.status().enabled)
        }
    }
}
