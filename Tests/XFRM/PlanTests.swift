import Fleet
import Testing
import XFRM

@Suite("The plan goes place by place, in an order that is safe to stop at")
struct PlanTests {
    typealias Fixture = Fixtures

    private let keyless = AddressPair(own: Fixtures.own, peer: Fixtures.peer)
    private let bypass = Fixtures.bypass
    private static let bothAssociations = [
        Fixtures.association(in: Fixtures.inbound), Fixtures.association(out: Fixtures.outbound),
    ]
    private static let enforced = Fixtures.snapshot(
        bothAssociations,
        [
            Fixtures.bypass, Fixtures.policy(.out, spi: Fixtures.outbound), Fixtures.policy(.in),
            Fixtures.policy(.forward),
        ])

    private func changes(_ have: Snapshot, _ want: EdgeWant) -> [Change] {
        Plan.changes(have: have, wants: [want], bypass: [bypass])
    }

    @Test("Without keys no SA is made: a rung that sends ESP demands it all the same, and sends nothing")
    func withoutKeys() {
        for rung in [Rung.accept, .send, .enforce] {
            let want = EdgeWant(peer: 2, pairs: [Fixture.pair], rung: rung, keys: .only)
            let policies: [Policy] =
                switch rung {
                case .send: [Fixture.policy(.out, spi: Fixture.outbound)]
                case .enforce:
                    [Fixture.policy(.out, spi: Fixture.outbound), Fixture.policy(.in), Fixture.policy(.forward)]
                case .clear, .accept, .closed: []
                }
            var named = want
            named.pairs[0].sending = Fixture.outbound
            #expect(changes(Snapshot(), named) == ([bypass] + policies).map { .addPolicy($0) })
        }
        let blind = EdgeWant(peer: 2, pairs: [keyless], rung: .send)
        #expect(
            changes(Snapshot(), blind) == [bypass, Fixture.policy(.out, spi: .nothing)].map { .addPolicy($0) })
    }

    @Test("A protected edge whose SAs are gone keeps its policies: nothing falls back to clear")
    func failClosed() {
        var have = Self.enforced
        have.associations = []

        #expect(changes(have, EdgeWant(peer: 2, pairs: [keyless], rung: .enforce)) == [])
        #expect(
            changes(have, EdgeWant(peer: 2, pairs: [keyless], rung: .closed))
                == [.updatePolicy(Fixture.policy(.out, spi: .nothing))])
    }

    @Test("A repair puts policies back with the SA that was sent with, and leaves SAs and what is on trial alone")
    func repair() {
        let trial = Fixture.trial(Fixture.oldOutbound)
        let have = Fixture.snapshot(
            Self.bothAssociations
                + [Fixture.association(in: Fixture.oldInbound), Fixture.association(out: Fixture.oldOutbound)],
            [bypass, Fixture.policy(.in, isOptional: true)] + trial)
        var pair = keyless
        pair.sending = Fixture.outbound

        #expect(
            changes(have, EdgeWant(peer: 2, pairs: [pair], rung: .enforce)) == [
                .addPolicy(Fixture.policy(.out, spi: Fixture.outbound)), .updatePolicy(Fixture.policy(.in)),
                .addPolicy(Fixture.policy(.forward)),
            ])
    }

    @Test("Fresh keys replace others only where all of theirs are there: half a set replaces nothing")
    func halfASet() {
        let old = Fixture.association(out: Fixture.oldOutbound)
        let have = Fixture.snapshot([old, Self.bothAssociations[0]], [bypass])
        let want = EdgeWant(peer: 2, pairs: [Fixture.pair], rung: .accept, keys: .only)

        #expect(changes(have, want) == [])
        var made = want
        made.makesAssociations = true
        #expect(
            changes(have, made) == [
                .addAssociation(Self.bothAssociations[1]), .addPolicy(Fixture.trial(Fixture.outbound)[0]),
                .addPolicy(Fixture.trial(Fixture.outbound)[1]), .deleteAssociation(old.id),
            ])
    }

    @Test("Probes go from the fleet's port to the fleet's port, and a change of it moves them")
    func probePort() {
        let have = Fixture.snapshot(Self.bothAssociations, [bypass] + Fixture.trial(Fixture.outbound))
        let want = EdgeWant(peer: 2, pairs: [Fixture.pair], rung: .accept, keys: .only, probePort: 9_999)

        let moved = Fixture.trial(Fixture.outbound, port: 9_999)
        #expect(
            changes(have, want)
                == Fixture.trial(Fixture.outbound).map { .deletePolicy($0.id) } + moved.map { .addPolicy($0) })
    }

    @Test(
        "Both families of an edge have their SAs before either sends ESP, and both send it before either refuses clear")
    func families() {
        var pairs = [Fixture.pair, Fixture.pair6]
        for index in pairs.indices { pairs[index].sending = Fixture.outbound }
        let want = EdgeWant(peer: 2, pairs: pairs, rung: .enforce, keys: .only, makesAssociations: true)
        let kinds = changes(Snapshot(), want).dropFirst().map { change in
            switch change {
            case .addAssociation: "state"
            case .addPolicy(let policy): "\(policy.id.direction)"
            case .deleteAssociation, .updatePolicy, .deletePolicy: "other"
            }
        }

        #expect(kinds == ["state", "state", "state", "state", "out", "out", "in", "fwd", "in", "fwd"])
    }

    @Test("The bypass stays while any edge of ours stands, also one that no want names, or trial policies alone")
    func bypassLast() {
        let elsewhere = AddressPair(own: Fixture.own, peer: Fixture.address([10, 77, 0, 9]))
        let clear = EdgeWant(peer: 2, pairs: [keyless], rung: .clear)

        let other = Fixture.snapshot([Fixture.association(in: Fixture.inbound, elsewhere)], [bypass])
        #expect(changes(other, clear) == [])
        let tried = Fixture.trial(Fixture.outbound, elsewhere)
        #expect(changes(Fixture.snapshot([], [bypass] + tried), clear) == [])
        #expect(changes(Fixture.snapshot([], [bypass]), clear) == [.deletePolicy(bypass.id)])
        #expect(changes(Snapshot(), clear) == [])
        #expect(changes(Self.enforced, clear).last == .deletePolicy(bypass.id))
    }

    @Test("A bypass policy that is in no list any more is named, for the caller to time its end")
    func retired() {
        let have = Fixture.snapshot([], [bypass])
        #expect(Plan.retiredBypass(have: SnapshotIndex(have), bypass: []) == [bypass.id])
        #expect(Plan.retiredBypass(have: SnapshotIndex(have), bypass: [bypass]) == [])
    }

    @Test("A thousand edges are one plan, each with its SAs and policies")
    func thousand() {
        let wants = (0..<1_000).map { index in
            let peer = Fixture.address([10, 78, UInt8(index / 250), UInt8(index % 250)])
            let pair = AddressPair(
                own: Fixture.own, peer: peer, inbound: Fixture.inbound, outbound: Fixture.outbound,
                sending: Fixture.outbound)
            return EdgeWant(peer: 2, pairs: [pair], rung: .enforce, keys: .only, makesAssociations: true)
        }
        let changes = Plan.changes(have: Snapshot(), wants: wants, bypass: [])
        #expect(changes.count == 5_000)
        #expect(Set(changes).count == 5_000)
    }
}

@Suite("What belongs to no edge any more is removed, and nothing else")
struct OrphanTests {
    typealias Fixture = Fixtures

    /// Between addresses that are no pair of this node's.
    private static let gone = AddressPair(own: Fixtures.own, peer: Fixtures.address([10, 77, 0, 9]))

    private static func everything(_ pair: AddressPair) -> (associations: [Association], policies: [Policy]) {
        (
            [Fixtures.association(out: Fixtures.outbound, pair), Fixtures.association(in: Fixtures.inbound, pair)],
            [Fixtures.policy(.out, spi: Fixtures.outbound, pair)] + Fixtures.trial(Fixtures.outbound, pair)
                + [Fixtures.policy(.forward, pair), Fixtures.policy(.in, pair)]
        )
    }

    private func orphans(_ have: Snapshot, known: [AddressPair]) -> [Change] {
        Plan.orphans(have: SnapshotIndex(have)) { own, peer in known.contains { $0.own == own && $0.peer == peer } }
    }

    @Test("All of a node that left goes: what refuses clear first, then what sends, then its SAs")
    func left() {
        let ours = Self.everything(Fixture.pair)
        let theirs = Self.everything(Self.gone)
        let have = Fixture.snapshot(
            ours.associations + theirs.associations, theirs.policies + [Fixture.bypass] + ours.policies)

        let changes = orphans(have, known: [Fixture.pair])

        var kernel = ModelKernel(have: have)
        for change in changes {
            let isMade = kernel.apply(change)
            #expect(isMade, "\(change)")
        }
        #expect(
            changes.map { change in
                switch change {
                case .deletePolicy(let id): "\(id.direction)"
                case .deleteAssociation: "state"
                case .addAssociation, .addPolicy, .updatePolicy: "no removal"
                }
            } == ["in", "fwd", "in", "out", "out", "state", "state"])
        #expect(Set(kernel.have.policies) == Set(ours.policies + [Fixture.bypass]))
        #expect(Set(kernel.have.associations.map(\.association)) == Set(ours.associations))
        #expect(orphans(kernel.have, known: [Fixture.pair]) == [])
    }

    @Test("What stands for an address that was given up goes, the same peer's other address pair stays")
    func addressGivenUp() {
        let moved = AddressPair(own: Fixture.address([10, 77, 0, 8]), peer: Fixture.peer)
        let ours = Self.everything(moved)
        let earlier = Self.everything(Fixture.pair)
        let have = Fixture.snapshot(ours.associations + earlier.associations, ours.policies + earlier.policies)

        let changes = orphans(have, known: [moved, Fixture.pair6])

        #expect(changes.count == 7)
        let removed = earlier.policies.map { Change.deletePolicy($0.id) }
        #expect(Set(changes) == Set(removed + earlier.associations.map { .deleteAssociation($0.id) }))
    }

    @Test("The bypass, foreign objects and policies between networks are nobody's orphans")
    func spared() {
        var foreign = Fixture.policy(.in, Self.gone)
        foreign.priority = 7
        var theirs = Fixture.policy(.out, Self.gone)
        theirs.action = .protect(Template(reqid: 5))
        var block = Fixture.policy(.forward, Self.gone)
        block.action = .block
        var network = Fixture.policy(.in, Self.gone)
        network.id.selector.source.length = 24
        var association = Fixture.association(in: Fixture.inbound, Self.gone)
        association.reqid = 5
        var tunnel = Fixture.association(out: Fixture.outbound, Self.gone)
        tunnel.shape = .other
        let have = Fixture.snapshot([association, tunnel], [Fixture.bypass, foreign, theirs, block, network])

        #expect(orphans(have, known: []) == [])
    }
}

@Suite("Preflight hears of what is in the way")
struct ForeignTests {
    typealias Fixture = Fixtures

    private let wants = [EdgeWant(peer: 2, pairs: [Fixtures.pair], rung: .clear)]

    @Test("Every foreign object in the way is named, and none that is not")
    func foreignInTheWay() {
        var policy = Fixture.policy(.out)
        policy.action = .block
        var ported = policy
        ported.id.selector.destinationPort = .exactly(80)
        var association = Fixture.association(in: Fixture.inbound)
        association.reqid = 5
        var tunnel = association
        tunnel.id.spi = Fixture.oldInbound
        tunnel.shape = .other
        tunnel.selector = Selector(source: .any(.ipv4), destination: .any(.ipv4))
        var larval = association
        larval.id.spi = SPI(rawValue: 0x777)
        larval.shape = .larval
        var wide = policy
        wide.id.selector = Selector(source: .any(.ipv4), destination: Prefix(Fixture.own, length: 8))
        wide.priority = 0
        var outranked = wide
        outranked.priority = Ownership.pairPriority + 1
        var elsewhere = wide
        elsewhere.id.selector = Selector(source: .any(.ipv4), destination: .host(Fixture.address([192, 0, 2, 1])))
        let have = Fixture.snapshot(
            [association, tunnel, larval, Fixture.association(out: Fixture.outbound)],
            [policy, ported, wide, outranked, elsewhere, Fixture.policy(.in)])

        let found = Plan.foreignInTheWay(have: have, wants: wants)
        #expect(
            found == [
                .policy(policy), .policy(ported), .policy(wide), .association(association), .association(tunnel),
            ])
        #expect(found[0].description == "out policy 10.77.0.1/32 → 10.77.0.2/32 exists and is not ours")
    }

    @Test("A foreign policy with the id of a trial policy is in the way, however low it ranks")
    func trial() {
        let foreign = Fixture.trial(Fixture.outbound).map { trial in
            var policy = trial
            policy.priority = Ownership.pairPriority + 1
            return policy
        }
        let other = Fixture.trial(Fixture.outbound, port: 9_999).map { trial in
            var policy = trial
            policy.priority = Ownership.pairPriority + 1
            return policy
        }
        let have = Fixture.snapshot([], other + foreign)

        #expect(Plan.foreignInTheWay(have: have, wants: wants) == foreign.map { .policy($0) })
    }

    @Test("Of ours nothing is in the way, trial policies included")
    func ours() {
        let have = Fixture.snapshot(
            [Fixture.association(in: Fixture.inbound)], [Fixture.policy(.out)] + Fixture.trial(Fixture.outbound))
        #expect(Plan.foreignInTheWay(have: have, wants: wants, bypass: [Fixture.bypass]) == [])
    }
}
