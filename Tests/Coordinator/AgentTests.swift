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

@Suite("An agent keeps its edges against its coordinator, its kernel and its disk")
struct AgentTests {
    @Test("An edge to a peer's new address begins where it stands, and is not closed by what was meant for the old one")
    func newAddress() async throws {
        let lone = try await LoneAgent()
        let address = try #require(Address("10.77.0.9"))
        try await lone.run {
            try await lone.climb(to: .enforce)
            var roster = lone.roster
            roster.sequence += 1
            roster.nodes[2]?.addresses = [address]

            await lone.welcome(roster)
            let report = try await lone.order(.observe, 2, 1, of: roster)

            #expect(report.standing?.state(toward: 2) == .clear)
            #expect(report.standing?.state(toward: 3).low == .enforce)
            #expect(try await lone.policies(with: address) == [])
        }
    }

    @Test("The answers of a probe are not lost, however full the inbox is")
    func probeAnswers() async throws {
        let probe = HeldProbe()
        let lone = try await LoneAgent(probe: probe)
        try await lone.run {
            try await lone.climb(to: .accept, heartbeatMilliseconds: 600_000)
            let stamp = Stamp(generation: Generation(1), step: 3)
            await lone.send(.probe(.init(.trial, nonce: 5)), stamp)
            try await eventually("the peers are asked") { await probe.asked == 1 }

            await lone.held.hold()
            await lone.held.disturb(1)
            try await eventually("the agent looks") { await lone.held.waiting == 1 }
            let inbox = await lone.agent.inboxInput
            for _ in 0...NodeAgent.inboxMaximum { inbox.yield(.bus([])) }
            await probe.release()
            try await eventually("the answers are there") { await probe.answered == 1 }
            await lone.held.release()

            try await eventually("the order is answered") { !lone.reports(on: stamp).isEmpty }
        }
    }

    @Test("A thousand disturbances while the agent looks at its kernel are one further look")
    func disturbances() async throws {
        let lone = try await LoneAgent()
        try await lone.run {
            try await lone.climb(to: .enforce, heartbeatMilliseconds: 600_000)
            await lone.held.hold()
            await lone.held.disturb(1)
            try await eventually("the agent looks") { await lone.held.waiting == 1 }
            let before = await lone.held.looks

            await lone.held.disturb(1_000)
            try await eventually("all of them are told") { await lone.held.disturbancesLeft == 0 }
            await lone.held.release()
            _ = try await lone.order(.observe, 2, 1)

            // The one further look, the order's, and one for the last disturbance that was still under way.
            #expect(await lone.held.looks - before <= 3)
        }
    }

    @Test("What could not be written to disk is not done at the second try either")
    func recordFails() async throws {
        let lone = try await LoneAgent()
        try await lone.run {
            try await lone.climb(to: .send)
            let move = Order.Task.move(EdgeRule(base: Place(.enforce)), fresh: nil)
            lone.record.fail(with: JournalError(operation: "write", message: "disk full"))
            let first = try await lone.order(.preflight, 2, 1)
            #expect(first.verdict == .refused([Refusal(cause: .host, message: NodeLadder.noRecord)]))
            #expect(first.standing?.common.low == .send)

            for _ in 1...2 {
                let report = try await lone.order(move, 1, 4)
                #expect(report.verdict == .refused([Refusal(cause: .host, message: NodeLadder.noRecord)]))
                #expect(report.standing?.common.low == .send)
            }

            lone.record.fail(with: nil)
            #expect(try await lone.order(move, 1, 4).verdict == .done)
            #expect(try lone.record.load()?.shield.pairs.count == 4)
        }
    }

    @Test("An order takes no drift of other edges for intended: it is mended")
    func driftBesideAnOrder() async throws {
        let lone = try await LoneAgent()
        let third = try #require(Address("10.77.0.3"))
        try await lone.run {
            try await lone.climb(to: .enforce)
            let gone = try #require(try await lone.policies(with: third).first)
            await lone.held.afterNextChange { await $0.remove(gone.id) }

            let rule = EdgeRule(base: nil, edges: [Edge(1, 2): Place(.send)])
            let report = try await lone.order(.move(rule, fresh: nil), 2, 1)

            #expect(report.verdict == .done)
            try await eventually("the policy is back") { (try? await lone.policies(with: third).count) == 3 }
            #expect(try await lone.nextHeartbeat().standing?.state(toward: 2).high == .send)
        }
    }

    @Test("A bypass policy that somebody removes is put back and told of; one that is new to the list is told of only")
    func bypass() async throws {
        let lone = try await LoneAgent(bypass: [.ssh])
        try await lone.run {
            try await lone.climb(to: .accept)
            let before = Set(try await lone.kernel.snapshot().policies)
            let gone = try #require(before.first { $0.action == .bypass })

            await lone.kernel.remove(gone.id)

            let heartbeat = try await lone.nextHeartbeat()
            #expect(Set(try await lone.kernel.snapshot().policies) == before)
            #expect(heartbeat.problems.contains { $0.contains("they were put back") })
            #expect(!heartbeat.problems.contains { $0.contains("bypass") })

            var roster = lone.roster
            roster.sequence += 1
            roster.bypass.append(.bus(try #require(Address("192.0.2.10")), port: 7_740))
            await lone.welcome(roster)
            try await eventually("it is told") {
                lone.heartbeats.last?.problems.contains { $0.hasPrefix("2 policies of the bypass list") } ?? false
            }
            #expect(Set(try await lone.kernel.snapshot().policies) == before)
        }
    }

    @Test("A policy for probes whose SA is gone goes as well, or every later probe would be sent with nothing")
    func staleTrial() async throws {
        let lone = try await LoneAgent()
        let (own, peer) = (try #require(Address("10.77.0.1")), try #require(Address("10.77.0.2")))
        try await lone.run {
            try await lone.climb(to: .enforce)
            let before = Set(try await lone.kernel.snapshot().policies)
            var selector = Selector.pair(from: own, to: peer)
            selector.protocolNumber = 17
            selector.sourcePort = .exactly(lone.roster.probePort)
            selector.destinationPort = .exactly(lone.roster.probePort)
            let stale = Policy(
                id: PolicyID(direction: .out, selector: selector), priority: Ownership.trialPriority,
                action: .protect(Template(spi: SPI(rawValue: 0x7777_0001))))

            await lone.kernel.put(stale)

            try await eventually("it is gone") {
                ((try? await lone.kernel.snapshot().policies).map { Set($0) }) == before
            }
        }
    }

    @Test(
        "A shield that the kernel refused half-way is raised to its end by the next process",
        arguments: [Direction.out, .in, .forward])
    func halfShield(refused: Direction) async throws {
        let lone = try await LoneAgent()
        try await lone.run { try await lone.climb(to: .enforce) }
        let shield = try #require(try lone.record.load()).shield
        await lone.kernel.reboot()
        let refusal = KernelError(operation: "XFRM_MSG_NEWPOLICY", code: 12, message: "Cannot allocate memory")
        await lone.kernel.refuse(refusal) { change in
            if case .addPolicy(let policy) = change { policy.id.direction == refused } else { false }
        }
        await #expect(throws: KernelError.self) { try await BootShield.raise(shield, on: lone.kernel) }

        _ = try await BootShield.raise(shield, on: lone.kernel)

        let policies = try await lone.kernel.snapshot().policies
        #expect(policies.count == shield.pairs.count * 3)
        #expect(policies.compactMap(\.sendingSPI) == [SPI](repeating: .nothing, count: shield.pairs.count))
        #expect(try await BootShield.raise(shield, on: lone.kernel) == 0)
    }

    @Test("A cloned machine begins without any SA: what demands ESP for its traffic is closed, the rest is clear")
    func clone() async throws {
        for (rung, closed) in [(Rung.accept, 0), (.send, 4), (.enforce, 4)] {
            let lone = try await LoneAgent(bypass: [.ssh])
            try await lone.run { try await lone.climb(to: rung) }
            var memory = try #require(try lone.record.load())
            memory.machineID = "original"

            _ = try await NodeAgent(
                .init(incarnation: 2, bootID: [UInt8](repeating: 1, count: 16)),
                identityKey: IdentityKey(IdentityKey.makeSecret()), bus: SimulatedBus().connect(1),
                machine: .init(
                    kernel: lone.kernel, record: MemoryNodeRecord(memory), probe: SimulatedProbe(),
                    host: SimulatedHost(.init(machineID: "clone")), clock: BootClock()),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

            let snapshot = try await lone.kernel.snapshot()
            #expect(snapshot.associations == [])
            let pairs = snapshot.policies.filter { $0.action != .bypass }
            #expect(pairs.count == closed * 3)
            #expect(pairs.compactMap(\.sendingSPI) == [SPI](repeating: .nothing, count: closed))
        }
    }
}
