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
    static let trial = Fixture.trial(Fixture.oldOutbound)

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

    static let closing = Fixture.policy(.out, spi: .nothing)

    static let cases = [
        Case("nothing", [], [], .clear),
        Case("both SAs", sas, [], .accept),
        Case("both SAs, on trial", sas, Fixture.trial(Fixture.outbound), .accept),
        Case("trial policies alone", [], Fixture.trial(Fixture.outbound), .clear),
        Case("an inbound SA alone", [sas[0]], [], .clear, .accept),
        Case("an outbound SA alone", [sas[1]], [], .clear, .accept),
        Case("SAs and the pinned out policy", sas, [out], .send),
        Case("out pinned to an SA that is not there", sas, [Fixture.policy(.out, spi: Fixture.oldOutbound)], .send),
        Case("out pinned, no SA", [], [out], .send),
        Case("out not pinned", sas, [Fixture.policy(.out)], .send),
        Case("out optional", sas, [Fixture.policy(.out, spi: Fixture.outbound, isOptional: true)], .accept, .send),
        Case("in without forward", sas, [out, `in`], .send, .enforce),
        Case("forward without in", sas, [out, forward], .send, .enforce),
        Case("in optional", sas, [out, Fixture.policy(.in, isOptional: true), forward], .send, .enforce),
        Case("everything", sas, [out, `in`, forward], .enforce),
        Case("everything, other SAs on trial", sas, [out, `in`, forward] + trial, .enforce),
        Case("everything but SAs", [], [out, `in`, forward], .enforce),
        Case("in and forward without out", sas, [`in`, forward], .accept, .enforce),
        Case("in and forward alone, no SA", [], [`in`, forward], .clear, .enforce),
        Case("closed without an SA", [], [closing, `in`, forward], .closed),
        Case("closed with SAs", sas, [closing, `in`, forward], .closed),
        Case("closed with SAs on trial", sas, [closing, `in`, forward] + Fixture.trial(Fixture.outbound), .closed),
        Case("closing out alone, no SA", [], [closing], .clear, .closed),
        Case("closing out alone, SAs", sas, [closing], .accept, .closed),
        Case("closing without forward", sas, [closing, `in`], .accept, .closed),
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
            var moved = policy
            moved.id.selector.source = .host(policy.id.direction == .out ? Fixture.own6 : Fixture.peer6)
            moved.id.selector.destination = .host(policy.id.direction == .out ? Fixture.peer6 : Fixture.own6)
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

    @Test("A reading names the SPIs of each pair: of its SAs, of the one that is sent with, of the one on trial")
    func spis() {
        let have = Fixture.snapshot(
            Self.sas + [Fixture.association(in: Fixture.oldInbound)], [Self.out] + Self.trial)
        let pair = EdgeReading.read(have, pairs: [Fixture.pair]).pairs[0]

        #expect(pair.own == Fixture.own && pair.peer == Fixture.peer)
        #expect(pair.inbound == [Fixture.inbound, Fixture.oldInbound])
        #expect(pair.outbound == [Fixture.outbound])
        #expect(pair.pinned == Fixture.outbound)
        #expect(pair.trial == Fixture.oldOutbound)
    }

    @Test("A closed edge sends with nothing, and so does one whose policy names no SA")
    func noPin() {
        for policies in [[], [Self.closing], [Fixture.policy(.out)]] {
            let pair = EdgeReading.read(Fixture.snapshot(Self.sas, policies), pairs: [Fixture.pair]).pairs[0]
            #expect(pair.pinned == nil && pair.trial == nil)
        }
    }

    @Test("An edge without a pair is clear")
    func noPair() {
        let reading = EdgeReading.read(Snapshot(), pairs: [])
        #expect(reading.low == .clear && reading.high == .clear)
    }
}
