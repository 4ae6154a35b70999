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

@Suite("An agent's own rules outrank its coordinator's word")
struct AgentRulesTests {
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
}
