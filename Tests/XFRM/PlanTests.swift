import Fleet
import Testing
import XFRM

@Suite("The plan goes rung by rung, in an order that is safe to stop at")
struct PlanTests {
    typealias Fixture = Fixtures

    private let bypass: Policy = {
        let selector = Selector(
            source: .host(Fixtures.own), destination: .host(Fixtures.peer), protocolNumber: 6,
            destinationPort: .exactly(7740))
        return Policy(
            id: PolicyID(direction: .out, selector: selector), priority: Ownership.bypassPriority, action: .bypass)
    }()

    private func texts(_ have: Snapshot, _ rung: Rung, _ pair: AddressPair = Fixtures.pair) -> [String] {
        Plan.changes(have: have, wants: [EdgeWant(peer: 2, pairs: [pair], rung: rung)], bypass: [bypass])
            .map(\.description)
    }

    private func applied(_ have: Snapshot, _ rung: Rung) -> Snapshot {
        var kernel = ModelKernel(have: have)
        let wants = [EdgeWant(peer: 2, pairs: [Fixture.pair], rung: rung)]
        for change in Plan.changes(have: have, wants: wants, bypass: [bypass]) {
            let isMade = kernel.apply(change)
            #expect(isMade, "\(change)")
        }
        return kernel.have
    }

    private let ours = "src 10.77.0.1/32 dst 10.77.0.2/32"
    private let theirs = "src 10.77.0.2/32 dst 10.77.0.1/32"
    private let required = "tmpl proto esp reqid 1414747204 mode transport"

    @Test("The whole ladder, up and down, as a transcript")
    func ladder() {
        var have = Snapshot()
        #expect(
            texts(have, .accept) == [
                "policy add \(ours) proto tcp dport 7740 dir out priority 10100",
                "state add src 10.77.0.2 dst 10.77.0.1 proto esp spi 0x00100002 reqid 1414747204 mode transport "
                    + "replay-window 64 flag esn sel \(theirs)",
                "state add src 10.77.0.1 dst 10.77.0.2 proto esp spi 0x00200001 reqid 1414747204 mode transport "
                    + "replay-window 64 flag esn sel \(ours)",
            ])
        have = applied(have, .accept)
        let pinned = "tmpl proto esp spi 0x00200001 reqid 1414747204 mode transport"
        #expect(texts(have, .send) == ["policy add \(ours) dir out priority 10150 \(pinned)"])
        have = applied(have, .send)
        #expect(
            texts(have, .enforce) == [
                "policy add \(theirs) dir in priority 10150 \(required)",
                "policy add \(theirs) dir fwd priority 10150 \(required)",
            ])
        have = applied(have, .enforce)
        #expect(texts(have, .enforce) == [])
        #expect(texts(have, .send) == ["policy delete \(theirs) dir in", "policy delete \(theirs) dir fwd"])
        have = applied(have, .send)
        #expect(texts(have, .accept) == ["policy delete \(ours) dir out"])
        have = applied(have, .accept)
        #expect(
            texts(have, .clear) == [
                "state delete src 10.77.0.1 dst 10.77.0.2 proto esp spi 0x00200001",
                "state delete src 10.77.0.2 dst 10.77.0.1 proto esp spi 0x00100002",
                "policy delete \(ours) proto tcp dport 7740 dir out",
            ])
        #expect(applied(have, .clear) == Snapshot())
    }

    @Test("A closed edge goes straight to enforce: SAs under the policies that stand, then the pin")
    func closedToEnforce() {
        let closed = applied(Snapshot(), .closed)
        #expect(EdgeReading.read(closed, pairs: [Fixture.pair]).low == .closed)
        let changes = texts(closed, .enforce)

        #expect(changes.count == 3)
        #expect(changes.last?.hasPrefix("policy update \(ours) dir out priority 10150 tmpl proto esp spi") == true)
        #expect(EdgeReading.read(applied(closed, .enforce), pairs: [Fixture.pair]).low == .enforce)
    }

    @Test("An agent without keys neither makes an SA nor adds a policy that needs one")
    func withoutKeys() {
        let keyless = AddressPair(own: Fixture.own, peer: Fixture.peer)
        let standing = applied(applied(Snapshot(), .accept), .send)

        #expect(texts(standing, .enforce, keyless).count == 2)
        #expect(texts(standing, .send, keyless) == [])
        #expect(texts(applied(Snapshot(), .accept), .send, keyless).count == 1)
        for rung in [Rung.accept, .send, .enforce] {
            let changes = texts(Snapshot(), rung, keyless)
            #expect(changes == ["policy add \(ours) proto tcp dport 7740 dir out priority 10100"])
        }
    }

    @Test("A protected edge whose SAs are gone keeps its policies: nothing falls back to clear")
    func failClosed() {
        let keyless = AddressPair(own: Fixture.own, peer: Fixture.peer)
        var have = applied(applied(applied(Snapshot(), .accept), .send), .enforce)
        have.associations = []

        #expect(texts(have, .enforce, keyless) == [])
        #expect(texts(have, .closed, keyless) == ["policy update \(ours) dir out priority 10150 \(required)"])
    }

    @Test("Going to accept clears leftovers of ours for the pair, never the wanted SAs, and re-creates none")
    func leftovers() {
        let have = Fixture.snapshot(
            [Fixture.association(in: Fixture.oldInbound), Fixture.association(out: Fixture.outbound)], [bypass])
        #expect(
            texts(have, .accept).map { $0.prefix(12) } == ["state delete", "state add sr"])
    }

    @Test("Above accept an SA beside the wanted one stays until it is called spent, and a pinned one stays then too")
    func rotation() {
        let have = Fixture.snapshot(
            [
                Fixture.association(in: Fixture.oldInbound), Fixture.association(out: Fixture.oldOutbound),
                Fixture.association(in: Fixture.inbound), Fixture.association(out: Fixture.outbound),
            ], [bypass, Fixture.policy(.out, spi: Fixture.oldOutbound)])
        let wants = [EdgeWant(peer: 2, pairs: [Fixture.pair], rung: .send)]

        #expect(Plan.changes(have: have, wants: wants, bypass: [bypass]).map(\.messageKind) == [.updatePolicy])
        #expect(
            Plan.spentAssociations(have: have, wants: wants)
                == [.deleteAssociation(Fixture.association(in: Fixture.oldInbound).id)])
        #expect(
            Plan.spentAssociations(have: applied(have, .send), wants: wants) == [
                .deleteAssociation(Fixture.association(out: Fixture.oldOutbound).id),
                .deleteAssociation(Fixture.association(in: Fixture.oldInbound).id),
            ])
    }

    @Test("The bypass stays while any edge of ours stands, also one that no want names")
    func bypassLast() {
        let elsewhere = AddressPair(own: Fixture.own, peer: Fixture.address([10, 77, 0, 9]))
        let have = Fixture.snapshot([Fixture.association(in: Fixture.inbound, elsewhere)], [bypass])

        #expect(texts(have, .clear) == [])
        #expect(texts(Fixture.snapshot([], [bypass]), .clear).count == 1)
        #expect(texts(Snapshot(), .clear) == [])
    }

    @Test("A bypass policy that is in no list any more is named, for the caller to time its end")
    func retired() {
        let have = Fixture.snapshot([], [bypass])
        #expect(Plan.retiredBypass(have: have, bypass: []) == [bypass.id])
        #expect(Plan.retiredBypass(have: have, bypass: [bypass]) == [])
    }

    @Test("Preflight hears of every foreign object in the way, and of none that is not")
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
        var wide = policy
        wide.id.selector = Selector(source: .any(.ipv4), destination: Prefix(Fixture.own, length: 8))
        wide.priority = 0
        var outranked = wide
        outranked.priority = Ownership.pairPriority + 1
        var elsewhere = wide
        elsewhere.id.selector = Selector(source: .any(.ipv4), destination: .host(Fixture.address([192, 0, 2, 1])))
        let have = Fixture.snapshot(
            [association, tunnel, Fixture.association(out: Fixture.outbound)],
            [policy, ported, wide, outranked, elsewhere, Fixture.policy(.in)])
        let wants = [EdgeWant(peer: 2, pairs: [Fixture.pair], rung: .clear)]

        let found = Plan.foreignInTheWay(have: have, wants: wants)
        #expect(
            found == [
                .policy(policy), .policy(ported), .policy(wide), .association(association), .association(tunnel),
            ])
        #expect(found[0].description == "out policy 10.77.0.1/32 → 10.77.0.2/32 exists and is not ours")
    }

    @Test("A thousand edges are planned and read in a time that grows with their number only")
    func thousand() {
        let wants = (0..<1_000).map { index in
            let peer = Fixture.address([10, 78, UInt8(index / 250), UInt8(index % 250)])
            let pair = AddressPair(own: Fixture.own, peer: peer, inbound: Fixture.inbound, outbound: Fixture.outbound)
            return EdgeWant(peer: 2, pairs: [pair], rung: .enforce)
        }
        let changes = Plan.changes(have: Snapshot(), wants: wants, bypass: [])
        #expect(changes.count == 5_000)
    }
}
