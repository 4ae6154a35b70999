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
    private static func pins(_ roster: Roster) throws -> NodeRules {
        let node = try #require(roster.nodes[2])
        return NodeRules(pins: [node.name: .init(identityKey: node.identityKey, addresses: Set(node.addresses))])
    }

    /// Rosters that a coordinator may send which was taken over.
    enum Lie: CaseIterable {
        case isLeftOut, hasAnotherAddress, hasAnotherKey, givesItsAddressAway

        func tell(_ truth: Roster) throws -> Roster {
            var roster = truth
            roster.sequence += 1
            let address = try #require(Address("10.77.0.9"))
            switch self {
            case .isLeftOut: roster.nodes[2] = nil
            case .hasAnotherAddress: roster.nodes[2]?.addresses = [address]
            case .hasAnotherKey: roster.nodes[2]?.identityKey = [UInt8](repeating: 1, count: 32)
            case .givesItsAddressAway:
                let addresses = try #require(roster.nodes[2]).addresses
                roster.nodes[2] = nil
                roster.nodes[3]?.addresses = addresses
            }
            return roster
        }
    }

    @Test(
        "A roster that contradicts a pin changes nothing in the kernel, refuses every order, and what drifts is mended",
        arguments: Lie.allCases)
    func pinnedPeer(lie: Lie) async throws {
        let lone = try await LoneAgent(rules: Self.pins)
        let second = try #require(Address("10.77.0.2"))
        try await lone.run {
            try await lone.climb(to: .enforce)
            let before = try await lone.kernel.snapshot()
            let roster = try lie.tell(lone.roster)

            await lone.welcome(roster)
            let preflight = try await lone.order(.preflight, 2, 1, of: roster)
            let move = try await lone.order(.move(EdgeRule(base: Place(.send)), fresh: nil), 2, 2, of: roster)

            for report in [preflight, move] {
                guard case .refused(let refusals) = report.verdict else {
                    return #expect(Bool(false), "not refused: \(report.verdict)")
                }
                #expect(refusals.map(\.cause) == [.forbidden])
            }
            let gone = try #require(try await lone.policies(with: second).first)
            await lone.kernel.remove(gone.id)
            let heartbeat = try await lone.nextHeartbeat()
            #expect(heartbeat.problems.contains { $0.contains("pinned") })
            let after = try await lone.kernel.snapshot()
            #expect(Set(after.policies) == Set(before.policies) && after.associations == before.associations)

            await lone.welcome(lone.roster)
            #expect(try await lone.order(.observe, 3, 1).verdict == .done)
            #expect(try await !lone.nextHeartbeat().problems.contains { $0.contains("pinned") })
        }
    }

    @Test("What a roster may not say of pinned peers; one that is not protected may leave, a dead one be quarantined")
    func objections() async throws {
        let lone = try await LoneAgent()
        let rules = try Self.pins(lone.roster)
        let addresses = Set(try #require(lone.roster.nodes[2]).addresses)
        var roster = lone.roster
        #expect(rules.objection(to: roster, own: 1, shielded: addresses) == nil)
        roster.nodes[2] = nil
        #expect(rules.objection(to: roster, own: 1, shielded: []) == nil)
        #expect(
            rules.objection(to: roster, own: 1, shielded: addresses)
                == "the roster lacks node2, which is pinned here and protected")
        roster.quarantined = Array(addresses)
        #expect(rules.objection(to: roster, own: 1, shielded: addresses) == nil)
        roster.nodes[3]?.addresses = Array(addresses.sorted().prefix(1))
        #expect(
            rules.objection(to: roster, own: 1, shielded: [])
                == "the roster gives node3 10.77.0.2, which is pinned to node2 here")
    }

    @Test("A protected edge that the roster has no more is closed where minimum_rung forbids clear, and goes elsewhere")
    func leftOut() async throws {
        let second = try #require(Address("10.77.0.2"))
        for (minimum, count) in [(Rung.enforce, 3), (.clear, 0)] {
            let lone = try await LoneAgent { _ in NodeRules(minimumRung: minimum) }
            try await lone.run {
                try await lone.climb(to: .enforce)
                var roster = lone.roster
                roster.sequence += 1
                roster.nodes[2] = nil

                await lone.welcome(roster)
                let report = try await lone.order(.move(EdgeRule(base: nil), fresh: nil), 2, 1, of: roster)

                #expect(report.verdict == .done)
                let left = try await lone.policies(with: second)
                #expect(left.count == count)
                #expect(left.compactMap(\.sendingSPI) == (count == 0 ? [] : [.nothing]))
                let snapshot = try await lone.kernel.snapshot()
                #expect(snapshot.associations.count == 4)
                #expect(snapshot.associations.allSatisfy { $0.association.id.source != second })
                let shielded = try lone.record.load()?.shield.pairs.contains { $0.peer == second }
                #expect(shielded == (count > 0))
                // Also where somebody takes it out of the kernel.
                for policy in left { await lone.kernel.remove(policy.id) }
                try await eventually("the closed edge is put back") {
                    (try? await lone.policies(with: second).count) == count
                }
            }
        }
    }

    @Test("minimum_rung counts for the family that has climbed: one that comes to the roster does not let it down")
    func anotherFamily() async throws {
        let lone = try await LoneAgent { _ in NodeRules(minimumRung: .enforce) }
        try await lone.run {
            var narrow = lone.roster
            for number in narrow.nodes.keys { narrow.nodes[number]?.addresses.removeLast() }
            try await lone.climb(to: .enforce, of: narrow)
            var wide = lone.roster
            wide.sequence = narrow.sequence + 1

            await lone.welcome(wide)
            let report = try await lone.order(.move(EdgeRule(base: Place(.clear)), fresh: nil), 2, 1, of: wide)

            guard case .refused(let refusals) = report.verdict else {
                return #expect(Bool(false), "it went down: \(report.verdict)")
            }
            #expect(refusals.allSatisfy { $0.cause == .forbidden })
            let second = try #require(Address("10.77.0.2"))
            #expect(try await lone.policies(with: second).count == 3)
        }
    }

    @Test("With minimum_rung no roster lets a node's TCP pass in clear but to this node's own coordinator")
    func strangeBypass() async throws {
        let lone = try await LoneAgent()
        let own = NodeRules.Coordinator(address: try #require(Address("10.77.0.2")), port: 7_740)
        let elsewhere = try #require(Address("192.0.2.1"))
        let rules = NodeRules(minimumRung: .enforce, coordinator: own)
        var roster = lone.roster
        roster.bypass = [.ssh, .bus(own.address, port: 7_740), .bus(elsewhere, port: 5_432)]
        #expect(rules.objection(to: roster, own: 1, shielded: []) == nil)

        roster.bypass.append(.bus(own.address, port: 5_432))

        #expect(
            rules.objection(to: roster, own: 1, shielded: [])
                == "the roster lets TCP to 10.77.0.2 port 5432 pass in clear, which is a node's and not this node's coordinator; minimum_rung is enforce"
        )
        #expect(NodeRules().objection(to: roster, own: 1, shielded: []) == nil)
        // The coordinator's host has another address, and this node may be that host.
        roster.bypass = [.bus(try #require(Address("fd77::2")), port: 7_740)]
        #expect(rules.objection(to: roster, own: 1, shielded: []) == nil)
        let loopback = NodeRules(
            minimumRung: .enforce,
            coordinator: .init(address: try #require(Address("127.0.0.1")), port: 7_740))
        roster.bypass = [.bus(try #require(Address("10.77.0.1")), port: 7_740)]
        #expect(loopback.objection(to: roster, own: 1, shielded: []) == nil)
        #expect(loopback.objection(to: roster, own: 2, shielded: []) != nil)
        // An address that is no node's any more, and still protected here.
        let left = try #require(Address("10.77.0.9"))
        roster.bypass = [.bus(left, port: 5_432)]
        #expect(rules.objection(to: roster, own: 1, shielded: []) == nil)
        #expect(rules.objection(to: roster, own: 1, shielded: [left]) != nil)
    }

    @Test("With minimum_rung a bypass that came before its address was a node's goes when that node is protected")
    func retiredBypass() async throws {
        let second = try #require(Address("10.77.0.2"))
        for (minimum, isLeft) in [(Rung.enforce, false), (.clear, true)] {
            let lone = try await LoneAgent { _ in NodeRules(minimumRung: minimum) }
            try await lone.run {
                var before = lone.roster
                before.nodes[2] = nil
                before.bypass = [.bus(second, port: 5_432)]
                try await lone.climb(to: .enforce, of: before)
                var roster = lone.roster
                roster.sequence = before.sequence + 1
                await lone.welcome(roster)
                let fresh = Order.Fresh(OfferSetVersion(of: try await lone.exchange(2, of: roster)), isMade: true)
                for (index, rung) in [Rung.accept, .send, .enforce].enumerated() {
                    let rule = EdgeRule(base: nil, toward: [2: Place(rung, .only)])
                    let report = try await lone.order(.move(rule, fresh: fresh), 2, UInt32(index + 2), of: roster)
                    #expect(report.verdict == .done)
                }
                func stands() async throws -> Bool {
                    try await lone.kernel.snapshot().policies.contains { policy in
                        policy.action == .bypass && policy.id.selector.destination == .host(second)
                    }
                }

                // Whatever makes the agent look at its kernel as a whole.
                let gone = try #require(try await lone.policies(with: second).first)
                await lone.kernel.remove(gone.id)
                try await eventually("the policy is put back") {
                    (try? await lone.policies(with: second))?.contains(gone) == true
                }

                #expect(try await stands() == isLeft)
            }
        }
    }

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
