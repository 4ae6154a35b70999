import Fleet
import Testing
import XFRM

@testable import Simulation

@Suite("The modelled network")
struct NetworkTests {
    private static let spi = SPI(rawValue: 0x0010_0002)
    private static let otherSPI = SPI(rawValue: 0x0020_0002)

    /// A side as it stands on a rung of the ladder, both of its SAs under one SPI and key.
    private static func side(_ rung: Rung, spi: SPI = spi, key: Int = 7) -> PairSide {
        var side = PairSide()
        if rung != .clear && rung != .closed {
            side.note(spi, isInbound: true, key: key)
            side.note(spi, isInbound: false, key: key)
        }
        if rung >= .send { side.note(.out, Template(spi: rung == .closed ? .nothing : spi)) }
        if rung >= .enforce {
            side.note(.in, Template())
            side.note(.forward, Template())
        }
        return side
    }

    @Test("A packet passes between two rungs exactly where the ladder's table says so", arguments: Rung.allCases)
    func passes(sender: Rung) {
        let taken: [Rung: Set<Rung>] = [
            .clear: [.clear, .accept, .send], .accept: [.clear, .accept, .send], .send: [.accept, .send, .enforce],
            .enforce: [.accept, .send, .enforce], .closed: [],
        ]

        for receiver in Rung.allCases {
            let passes = Self.side(receiver).takes(Self.side(sender).form)
            #expect(passes == taken[sender]?.contains(receiver), "\(sender) to \(receiver)")
        }
    }

    @Test("Each rung is read as itself, and half of the next one as between the two")
    func rungs() {
        for rung in Rung.allCases { #expect(Self.side(rung).rungs == (rung, rung)) }
        var half = Self.side(.clear)
        half.note(Self.spi, isInbound: true, key: 7)
        #expect(half.rungs == (.clear, .accept))
        var entering = Self.side(.send)
        entering.note(.in, Template())
        #expect(entering.rungs == (.send, .enforce))
        #expect(!entering.takes(.clear))
    }

    @Test("Another key, another SPI and a pin without its SA lose packets; an optional policy lets them pass")
    func mismatches() {
        let receiver = Self.side(.accept)

        #expect(!receiver.takes(Self.side(.send, key: 8).form))
        #expect(!receiver.takes(Self.side(.send, spi: Self.otherSPI).form))
        #expect(!Self.side(.send).probeReaches(Self.side(.accept, key: 8)))
        #expect(Self.side(.send).probeReaches(Self.side(.accept)))
        var unpinned = Self.side(.send)
        unpinned.note(Self.spi, isInbound: false, key: nil)
        #expect(unpinned.form == .unsent)
        var anySA = Self.side(.accept)
        anySA.note(.out, Template(spi: nil))
        #expect(anySA.form == .encrypted(Self.spi, key: 7))
        var optional = Self.side(.accept)
        optional.note(.out, Template(spi: Self.spi, isOptional: true))
        optional.note(.in, Template(isOptional: true))
        #expect(optional.form == .clear)
        #expect(optional.takes(.clear))
    }

    /// A packet a millisecond, on its way for 2 to 10 ms.
    private static func flow() -> Flow {
        Flow(
            periodMicroseconds: 1_000, offsetMicroseconds: 0, path: PathDelay(microseconds: 2_000...10_000), salt: 1)
    }

    @Test("Every packet is counted once, and arrives while both sides agree")
    func countsAll() {
        var flow = Self.flow()

        for milliseconds: UInt64 in [3, 4, 50, 1_000] {
            let loss = flow.advance(
                to: Instant(milliseconds: milliseconds), from: Self.side(.clear), to: Self.side(.clear),
                isExcused: false)
            #expect(loss == nil)
        }

        #expect(flow.count.sent == 1_000)
        #expect((990...998).contains(flow.count.delivered))
        #expect(flow.count.excused == 0)
    }

    @Test("A packet in flight is judged by what its receiver is when it arrives", arguments: [false, true])
    func inFlight(waits: Bool) {
        var flow = Self.flow()
        let send = Self.side(.send)
        let losses = [
            flow.advance(to: Instant(milliseconds: 100), from: Self.side(.accept), to: send, isExcused: false),
            // The sender has gone to `send`; the receiver waits for 10 ms before it refuses clear packets, or not.
            flow.advance(to: Instant(milliseconds: waits ? 110 : 101), from: send, to: send, isExcused: false),
            flow.advance(to: Instant(milliseconds: 200), from: send, to: Self.side(.enforce), isExcused: false),
        ].compactMap(\.self)

        #expect(losses.isEmpty == waits)
        #expect(losses.allSatisfy { $0.form == .clear && $0.sent < Instant(milliseconds: 100) })
    }

    @Test("What is lost while it is excused is counted and held against nobody, however late it would arrive")
    func excused() {
        var flow = Self.flow()
        let enforce = Self.side(.enforce)

        let whileExcused = flow.advance(
            to: Instant(milliseconds: 100), from: Self.side(.clear), to: enforce, isExcused: true)
        let later = flow.advance(to: Instant(milliseconds: 200), from: enforce, to: enforce, isExcused: false)

        #expect(whileExcused == nil)
        #expect(later == nil)
        #expect(flow.count.excused == 100)
    }
}
