import Fleet
import Ports
import Testing

@testable import Probe

@Suite("A round of probes")
struct ProbeRoundTests {
    private typealias Transmission = ProbeRound.Transmission

    private static let path = PathSizes(mtuBytes: 1_500, family: .ipv4)
    private static let total = ProbeRound.waitsMilliseconds.reduce(0, +)

    private func round(_ targets: Int = 1, order: [Int]? = nil, firstSequence: UInt32 = 0) -> ProbeRound {
        ProbeRound(
            Array(repeating: Self.path, count: targets), order: order ?? Array(0..<targets),
            firstSequence: firstSequence, at: Instant(milliseconds: 0))
    }

    /// Wakes the round whenever it asks for it, until a moment or its end; `peer` says what becomes of a transmission.
    private func run(
        _ round: inout ProbeRound, untilMilliseconds: UInt64 = 60_000,
        _ peer: (Transmission, Instant, inout ProbeRound) -> Void
    ) -> [(Instant, Transmission)] {
        var log: [(Instant, Transmission)] = []
        var last = Instant(milliseconds: 0)
        while let wake = round.wake, wake <= Instant(milliseconds: untilMilliseconds) {
            last = max(last, wake)
            for transmission in round.transmissions(at: last) {
                log.append((last, transmission))
                peer(transmission, last, &round)
            }
        }
        return log
    }

    private func echo(_ transmission: Transmission, _ round: inout ProbeRound, at now: Instant) {
        let isAwaited = round.echo(transmission.sequence, payloadBytes: transmission.payloadBytes, at: now)
        #expect(isAwaited)
    }

    @Test("A peer that answers all is asked three times: small, full, then oversized")
    func answers() {
        var round = round()
        let log = run(&round) { transmission, now, round in
            round.record(.sent, of: transmission)
            echo(transmission, &round, at: now.advanced(byMilliseconds: transmission.size == .full ? 7 : 3))
        }

        #expect(log.map(\.1.size) == [.small, .full, .oversized])
        #expect(log.map(\.1.payloadBytes) == [32, 1_438, 1_500])
        #expect(round.isDone && round.wake == nil)
        #expect(round.verdict(0) == .echoed(microseconds: 7_000))
        #expect(!round.losesFragments(0))
    }

    @Test("A silent peer is asked at growing waits, five times in each size, and given up")
    func silence() {
        var round = round()
        let log = run(&round) { transmission, _, round in round.record(.sent, of: transmission) }

        let moments = log.filter { $0.1.size == .small }.map { $0.0.microseconds / 1_000 }
        #expect(moments == [0, 100, 300, 700, 1_500])
        #expect(log.filter { $0.1.size == .full }.count == 5)
        #expect(!log.contains { $0.1.size == .oversized })
        #expect(round.isDone)
        #expect(round.verdict(0) == .silent)
    }

    @Test("The round trip counts from the first transmission, also when a later one was answered")
    func firstTransmission() {
        var round = round()
        _ = run(&round) { transmission, now, round in
            round.record(.sent, of: transmission)
            if now >= Instant(milliseconds: 700) {
                echo(transmission, &round, at: now.advanced(byMilliseconds: 2))
            }
        }

        guard case .echoed(let microseconds) = round.verdict(0) else {
            Issue.record("\(round.verdict(0))")
            return
        }
        #expect((702_000...703_000).contains(microseconds))
    }

    @Test("When only small datagrams come back, the path takes no full-sized packet")
    func tooLarge() {
        var round = round()
        let log = run(&round) { transmission, now, round in
            round.record(.sent, of: transmission)
            if transmission.size == .small { echo(transmission, &round, at: now) }
        }

        #expect(round.verdict(0) == .tooLarge(bytes: 1_500))
        #expect(!log.contains { $0.1.size == .oversized })
    }

    @Test("When the kernel says that the full-sized one is too large, it is not sent again")
    func tooLargeAtOnce() {
        var round = round()
        let log = run(&round) { transmission, now, round in
            round.record(transmission.size == .full ? .tooLarge : .sent, of: transmission)
            if transmission.size == .small { echo(transmission, &round, at: now) }
        }

        #expect(log.map(\.1.size) == [.small, .full])
        #expect(round.verdict(0) == .tooLarge(bytes: 1_500))
    }

    @Test("Too large to send, and silent besides, is silent")
    func tooLargeAndSilent() {
        var round = round()
        _ = run(&round) { transmission, _, round in
            round.record(transmission.size == .full ? .tooLarge : .sent, of: transmission)
        }

        #expect(round.verdict(0) == .silent)
    }

    @Test("What the kernel refuses is unsent, in its words, and not tried again", arguments: [ProbeSize.small, .full])
    func refused(size: ProbeSize) {
        var round = round()
        let log = run(&round) { transmission, now, round in
            round.record(transmission.size == size ? .refused("no") : .sent, of: transmission)
            if transmission.size != size { echo(transmission, &round, at: now) }
        }

        #expect(log.count == 2)
        #expect(round.verdict(0) == .unsent("no"))
    }

    @Test("What the kernel puts off each time is unsent; put off once and then sent in vain is silent")
    func notYet() {
        var never = round()
        _ = run(&never) { transmission, _, round in round.record(.notYet("full"), of: transmission) }
        var later = round()
        _ = run(&later) { transmission, now, round in
            round.record(now < Instant(milliseconds: 500) ? .notYet("full") : .sent, of: transmission)
        }
        var earlier = round()
        _ = run(&earlier) { transmission, now, round in
            round.record(now < Instant(milliseconds: 500) ? .sent : .notYet("refused"), of: transmission)
        }

        #expect(never.verdict(0) == .unsent("full"))
        #expect(later.verdict(0) == .silent)
        #expect(earlier.verdict(0) == .silent)
    }

    @Test("An oversized datagram that does not come back is a warning, and sent once")
    func losesFragments() {
        var round = round()
        let log = run(&round) { transmission, now, round in
            round.record(.sent, of: transmission)
            if transmission.size != .oversized { echo(transmission, &round, at: now) }
        }

        #expect(log.filter { $0.1.size == .oversized }.count == 1)
        #expect(round.verdict(0) == .echoed(microseconds: 0))
        #expect(round.losesFragments(0))
    }

    @Test("Where no packet can be larger than the MTU, nothing oversized is sent or claimed")
    func noOversized() {
        var round = ProbeRound(
            [PathSizes(mtuBytes: 65_536, family: .ipv4)], order: [0], firstSequence: 0, at: Instant(milliseconds: 0))
        let log = run(&round) { transmission, now, round in echo(transmission, &round, at: now) }

        #expect(log.map(\.1.size) == [.small, .full])
        #expect(round.isDone && !round.losesFragments(0))
    }

    @Test("An echo counts once, in its own length, within its round and before it was given up")
    func echoes() {
        var round = round(firstSequence: 100)
        let now = Instant(milliseconds: 0)
        let sent = round.transmissions(at: now) + round.transmissions(at: Instant(milliseconds: 1))

        #expect(sent.map(\.sequence) == [100, 101])
        let before = round.echo(99, payloadBytes: 32, at: now)
        let beyond = round.echo(103, payloadBytes: 32, at: now)
        let unsent = round.echo(102, payloadBytes: 1_500, at: now)
        let shortened = round.echo(101, payloadBytes: 32, at: now)
        #expect([before, beyond, unsent, shortened] == [false, false, false, false])
        let first = round.echo(101, payloadBytes: 1_438, at: now)
        let second = round.echo(101, payloadBytes: 1_438, at: now)
        #expect(first && !second)
        _ = run(&round) { transmission, _, round in round.record(.sent, of: transmission) }
        let givenUp = round.echo(100, payloadBytes: 32, at: Instant(milliseconds: 60_000))
        #expect(round.isDone && !givenUp)
    }

    @Test("Sequence numbers go on past the greatest one")
    func wrapping() {
        var round = round(2, firstSequence: .max - 1)
        let log = run(&round) { transmission, now, round in
            #expect(round.target(of: transmission.sequence) == transmission.target)
            echo(transmission, &round, at: now)
        }

        let expected: Set<UInt32> = [.max - 1, .max, 0, 1, 2, 3]
        #expect(Set(log.map(\.1.sequence)) == expected)
        #expect(round.isDone)
    }

    @Test("Targets are asked in the given order, within the pace, and each has its own verdict")
    func manyTargets() {
        let count = 3_000
        let order = Array((0..<count).reversed())
        var round = round(count, order: order)
        let log = run(&round) { transmission, now, round in
            round.record(.sent, of: transmission)
            if transmission.target % 3 != 0 { echo(transmission, &round, at: now) }
        }

        let firsts = log.filter { $0.1.size == .small }.prefix(count).map(\.1.target)
        #expect(firsts == order)
        for (index, entry) in log.enumerated().dropFirst(10_050) {
            #expect(entry.0.microseconds(since: log[index - 10_050].0) >= 1_000_000)
        }
        for target in 0..<count {
            #expect(round.verdict(target) == (target % 3 == 0 ? .silent : .echoed(microseconds: 0)))
        }
    }

    @Test("Ended early, what is still open is silent, and what is settled stays")
    func early() {
        var round = round(3)
        _ = run(&round, untilMilliseconds: 50) { transmission, now, round in
            round.record(.sent, of: transmission)
            if transmission.target == 0 || (transmission.target == 1 && transmission.size == .small) {
                if transmission.size != .oversized { echo(transmission, &round, at: now) }
            }
        }

        #expect(!round.isDone)
        #expect(round.verdict(0) == .echoed(microseconds: 0))
        #expect(!round.losesFragments(0), "its oversized one may still come back")
        #expect(round.verdict(1) == .silent, "its full-sized one may still come back")
        #expect(round.verdict(2) == .silent)
    }

    @Test("A round without targets is done")
    func empty() {
        #expect(round(0).isDone)
        #expect(round(0).wake == nil)
    }
}
