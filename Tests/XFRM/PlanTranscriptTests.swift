import Fleet
import Testing
import XFRM

/// What the plan changes from one place to the next, as the `ip xfrm` commands that would do the same.
@Suite("The plan's steps, to be read aloud")
struct PlanTranscriptTests {
    typealias Fixture = Fixtures

    /// An edge's kernel state, taken from place to place.
    private struct Edge {
        var kernel = ModelKernel(have: Snapshot())

        /// Plans, applies, and answers the changes as text.
        mutating func go(
            to rung: Rung, _ keys: KeyUse?, makes: Bool = false, sending: SPI? = nil, replayWindow: UInt32 = 64
        ) -> [String] {
            var pair = keys == nil ? AddressPair(own: Fixture.own, peer: Fixture.peer) : Fixture.pair
            pair.sending = sending
            let want = EdgeWant(
                peer: 2, pairs: [pair], rung: rung, keys: keys, makesAssociations: makes, replayWindow: replayWindow)
            let changes = Plan.changes(have: kernel.have, wants: [want], bypass: [Fixture.bypass])
            for change in changes {
                let isMade = kernel.apply(change)
                #expect(isMade, "\(change)")
            }
            #expect(Plan.changes(have: kernel.have, wants: [want], bypass: [Fixture.bypass]) == [])
            let reading = EdgeReading.read(kernel.have, pairs: want.pairs)
            #expect(reading.low == rung && reading.high == rung)
            return changes.map(\.description)
        }

        /// At a rung with the SAs of an earlier set and no other.
        static func standing(at rung: Rung) -> Edge {
            var have = Fixture.snapshot(
                [Fixture.association(in: Fixture.oldInbound), Fixture.association(out: Fixture.oldOutbound)],
                [Fixture.bypass])
            if rung >= .send { have.policies.append(Fixture.policy(.out, spi: Fixture.oldOutbound)) }
            if rung >= .enforce { have.policies += [Fixture.policy(.in), Fixture.policy(.forward)] }
            return Edge(kernel: ModelKernel(have: have))
        }
    }

    private let ours = "src 10.77.0.1/32 dst 10.77.0.2/32"
    private let theirs = "src 10.77.0.2/32 dst 10.77.0.1/32"
    private let probes = "proto udp sport 7741 dport 7741"
    private let required = "tmpl proto esp reqid 1414747204 mode transport"
    private let inbound = "src 10.77.0.2 dst 10.77.0.1 proto esp spi 0x00100002"
    private let outbound = "src 10.77.0.1 dst 10.77.0.2 proto esp spi 0x00200001"
    private let oldInbound = "src 10.77.0.2 dst 10.77.0.1 proto esp spi 0x00300002"
    private let oldOutbound = "src 10.77.0.1 dst 10.77.0.2 proto esp spi 0x00400001"
    private let esn = "reqid 1414747204 mode transport replay-window 64 flag esn"

    private func pinned(_ spi: SPI) -> String { "tmpl proto esp spi \(spi) reqid 1414747204 mode transport" }

    private var addsFresh: [String] {
        ["state add \(inbound) \(esn) sel \(theirs)", "state add \(outbound) \(esn) sel \(ours)"]
    }
    private var addsTrial: [String] {
        [
            "policy add \(theirs) \(probes) dir in priority 10120 \(required)",
            "policy add \(ours) \(probes) dir out priority 10120 \(pinned(Fixture.outbound))",
        ]
    }
    private var deletesTrial: [String] {
        ["policy delete \(theirs) \(probes) dir in", "policy delete \(ours) \(probes) dir out"]
    }
    private var deletesFresh: [String] { ["state delete \(outbound)", "state delete \(inbound)"] }
    private var deletesOld: [String] { ["state delete \(oldOutbound)", "state delete \(oldInbound)"] }

    @Test("The whole ladder, up and down")
    func ladder() {
        var edge = Edge()
        #expect(
            edge.go(to: .accept, .only, makes: true)
                == ["policy add \(ours) proto tcp dport 7740 dir out priority 10100"] + addsFresh + addsTrial)
        #expect(
            edge.go(to: .send, .only, sending: Fixture.outbound)
                == deletesTrial + ["policy add \(ours) dir out priority 10150 \(pinned(Fixture.outbound))"])
        #expect(
            edge.go(to: .enforce, .only, sending: Fixture.outbound) == [
                "policy add \(theirs) dir in priority 10150 \(required)",
                "policy add \(theirs) dir fwd priority 10150 \(required)",
            ])
        #expect(edge.go(to: .enforce, nil) == [])
        #expect(edge.go(to: .send, nil) == ["policy delete \(theirs) dir in", "policy delete \(theirs) dir fwd"])
        #expect(edge.go(to: .accept, nil) == ["policy delete \(ours) dir out"] + addsTrial)
        #expect(
            edge.go(to: .clear, nil) == deletesTrial + deletesFresh + [
                "policy delete \(ours) proto tcp dport 7740 dir out"
            ])
        #expect(edge.kernel.have == Snapshot())
    }

    @Test("A rotation at enforce: SAs beside the old ones and on trial, then sent with, then alone")
    func rotation() {
        var edge = Edge.standing(at: .enforce)
        #expect(
            edge.go(to: .enforce, .held, makes: true, sending: Fixture.oldOutbound) == addsFresh + addsTrial)
        #expect(
            edge.go(to: .enforce, .used, sending: Fixture.outbound)
                == deletesTrial + ["policy update \(ours) dir out priority 10150 \(pinned(Fixture.outbound))"])
        #expect(edge.go(to: .enforce, .only, sending: Fixture.outbound) == deletesOld)
    }

    @Test("A way back before fresh keys were sent with: what was on trial goes")
    func wayBackFromHeld() {
        var edge = Edge.standing(at: .enforce)
        let before = edge.kernel.have
        _ = edge.go(to: .enforce, .held, makes: true, sending: Fixture.oldOutbound)

        #expect(edge.go(to: .enforce, .old, sending: Fixture.oldOutbound) == deletesTrial + deletesFresh)
        #expect(edge.kernel.have == before)
    }

    @Test("A way back after fresh keys were sent with: the old ones are sent with first, then the fresh ones go")
    func wayBackFromUsed() {
        var edge = Edge.standing(at: .enforce)
        let before = edge.kernel.have
        _ = edge.go(to: .enforce, .held, makes: true, sending: Fixture.oldOutbound)
        _ = edge.go(to: .enforce, .used, sending: Fixture.outbound)

        #expect(
            edge.go(to: .enforce, .held, sending: Fixture.oldOutbound)
                == addsTrial + ["policy update \(ours) dir out priority 10150 \(pinned(Fixture.oldOutbound))"])
        #expect(edge.go(to: .enforce, .old, sending: Fixture.oldOutbound) == deletesTrial + deletesFresh)
        #expect(edge.kernel.have == before)
    }

    @Test("A node rejoins: closed without keys, closed with fresh ones on trial, enforce")
    func rejoin() {
        var edge = Edge()
        #expect(
            edge.go(to: .closed, nil) == [
                "policy add \(ours) proto tcp dport 7740 dir out priority 10100",
                "policy add \(ours) dir out priority 10150 \(pinned(.nothing))",
                "policy add \(theirs) dir in priority 10150 \(required)",
                "policy add \(theirs) dir fwd priority 10150 \(required)",
            ])
        #expect(edge.go(to: .closed, .only, makes: true) == addsFresh + addsTrial)
        #expect(
            edge.go(to: .enforce, .only, sending: Fixture.outbound)
                == deletesTrial + ["policy update \(ours) dir out priority 10150 \(pinned(Fixture.outbound))"])
    }

    @Test("An edge closes: it stops sending before its SAs go, and its in and forward policies never do")
    func closes() {
        var edge = Edge.standing(at: .enforce)
        #expect(
            edge.go(to: .closed, .old)
                == ["policy update \(ours) dir out priority 10150 \(pinned(.nothing))"] + deletesOld)
    }

    @Test("A climb that replaces spent keys on its way")
    func climbWithFreshKeys() {
        var edge = Edge.standing(at: .accept)
        #expect(edge.go(to: .accept, .held, makes: true) == addsFresh + addsTrial)
        #expect(
            edge.go(to: .send, .used, sending: Fixture.outbound)
                == deletesTrial + ["policy add \(ours) dir out priority 10150 \(pinned(Fixture.outbound))"])
        _ = edge.go(to: .enforce, .used, sending: Fixture.outbound)
        #expect(edge.go(to: .enforce, .only, sending: Fixture.outbound) == deletesOld)
    }

    @Test("A rotation puts the anti-replay window of its set on the fresh SAs; 0 is one without ESN")
    func replayWindow() {
        var edge = Edge.standing(at: .enforce)
        let changes = edge.go(to: .enforce, .held, makes: true, sending: Fixture.oldOutbound, replayWindow: 0)
        #expect(
            changes.prefix(2) == [
                "state add \(inbound) reqid 1414747204 mode transport replay-window 0 sel \(theirs)",
                "state add \(outbound) reqid 1414747204 mode transport replay-window 0 sel \(ours)",
            ])
        _ = edge.go(to: .enforce, .used, sending: Fixture.outbound, replayWindow: 0)
        #expect(edge.go(to: .enforce, .only, sending: Fixture.outbound, replayWindow: 0) == deletesOld)
    }
}
