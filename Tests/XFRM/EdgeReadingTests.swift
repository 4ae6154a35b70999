import Fleet
import Testing
import XFRM

@Suite("An edge stands where the kernel says")
struct EdgeReadingTests {
    typealias Fixture = Fixtures

    static let sas = [Fixture.association(in: Fixture.inbound), Fixture.association(out: Fixture.outbound)]
    static let out = Fixture.policy(.out, spi: Fixture.outbound)
    static let `in` = Fixture.policy(.in)
    static let forward = Fixture.policy(.forward)

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var have: Snapshot
        var low: Rung
        var high: Rung

        init(
            _ title: String, _ associations: [Association], _ policies: [Policy], _ low: Rung, _ high: Rung? = nil
        ) {
            testDescription = title
            have = Fixture.snapshot(associations, policies)
            self.low = low
            self.high = high ?? low
        }
    }

    static let cases = [
        Case("nothing", [], [], .clear),
        Case("both SAs", sas, [], .accept),
        Case("an inbound SA alone", [sas[0]], [], .clear, .accept),
        Case("an outbound SA alone", [sas[1]], [], .clear, .accept),
        Case("SAs and the pinned out policy", sas, [out], .send),
        Case(
            "out pinned to an SA that is not there", sas, [Fixture.policy(.out, spi: Fixture.oldOutbound)], .accept,
            .send),
        Case("out not pinned", sas, [Fixture.policy(.out)], .accept, .send),
        Case("out optional", sas, [Fixture.policy(.out, spi: Fixture.outbound, isOptional: true)], .accept, .send),
        Case("in without forward", sas, [out, `in`], .send, .enforce),
        Case("forward without in", sas, [out, forward], .send, .enforce),
        Case("in optional", sas, [out, Fixture.policy(.in, isOptional: true), forward], .send, .enforce),
        Case("everything", sas, [out, `in`, forward], .enforce),
        Case("in and forward without out", sas, [`in`, forward], .accept, .enforce),
        Case("all policies, no SA", [], [Fixture.policy(.out), `in`, forward], .closed),
        Case("all policies pinned, no SA", [], [out, `in`, forward], .closed),
        Case("all policies, inbound SA alone", [sas[0]], [out, `in`, forward], .enforce, .closed),
        Case("all policies, SAs, not pinned yet", sas, [Fixture.policy(.out), `in`, forward], .enforce, .closed),
        Case("out alone, no SA", [], [out], .clear, .closed),
        Case("in and forward alone, no SA", [], [`in`, forward], .clear, .closed),
    ]

    @Test("One pair stands where its SAs and policies put it", arguments: cases)
    func pair(one: Case) {
        let reading = EdgeReading.read(one.have, pairs: [Fixture.pair])
        #expect(reading.low == one.low)
        #expect(reading.high == one.high)
    }

    @Test("Of two families the edge has reached what both have, and stands as high as either", arguments: cases, cases)
    func families(one: Case, two: Case) {
        var have = one.have
        for observed in two.have.associations {
            let isInbound = observed.association.id.destination == Fixture.own
            let spi = observed.association.id.spi
            let moved =
                isInbound
                ? Fixture.association(in: spi, Fixture.pair6) : Fixture.association(out: spi, Fixture.pair6)
            have.associations.append(ObservedAssociation(association: moved))
        }
        for policy in two.have.policies {
            var moved = Fixture.policy(policy.id.direction, Fixture.pair6)
            moved.action = policy.action
            have.policies.append(moved)
        }

        let reading = EdgeReading.read(have, pairs: [Fixture.pair, Fixture.pair6])
        #expect(reading.low == min(one.low, two.low))
        #expect(reading.high == max(one.high, two.high))
    }

    @Test("Foreign SAs and policies, other pairs and policies with ports do not count")
    func foreign() {
        var association = Self.sas[0]
        association.reqid = 1
        var other = Self.sas[1]
        other.shape = .other
        var priority = Self.out
        priority.priority = 1
        var ported = Self.in
        ported.id.selector.destinationPort = .exactly(80)
        let elsewhere = AddressPair(own: Fixture.own, peer: Fixture.address([10, 77, 0, 9]))
        let have = Fixture.snapshot(
            [association, other, Fixture.association(in: Fixture.inbound, elsewhere)],
            [priority, Fixture.policy(.in, elsewhere)])

        #expect(EdgeReading.read(have, pairs: [Fixture.pair]).high == .clear)
        let withPort = EdgeReading.read(Fixture.snapshot([], [ported]), pairs: [Fixture.pair])
        #expect(withPort.high == .clear)
    }

    @Test("A reading names the SPIs of each pair")
    func spis() {
        let have = Fixture.snapshot(Self.sas + [Fixture.association(in: Fixture.oldInbound)], [Self.out])
        let pair = EdgeReading.read(have, pairs: [Fixture.pair]).pairs[0]

        #expect(pair.inbound == [Fixture.inbound, Fixture.oldInbound])
        #expect(pair.outbound == [Fixture.outbound])
        #expect(pair.pinned == Fixture.outbound)
    }

    @Test("An edge without a pair is clear")
    func noPair() {
        let reading = EdgeReading.read(Snapshot(), pairs: [])
        #expect(reading.low == .clear && reading.high == .clear)
    }
}
