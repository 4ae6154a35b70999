import Fleet
import Testing

@testable import Probe

@Suite("The pace of probes")
struct ProbePaceTests {
    /// How many are let through when asked at each of the moments as often as it allows.
    private func taken(_ pace: inout ProbePace, at moments: some Sequence<UInt64>) -> UInt64 {
        var count: UInt64 = 0
        for moment in moments {
            while pace.take(at: Instant(microseconds: moment)) { count += 1 }
        }
        return count
    }

    @Test("Asked all the time, it lets through 10 000 a second and no more")
    func rate() {
        var pace = ProbePace(at: Instant(microseconds: 0))

        #expect(taken(&pace, at: 0..<1_000_000) == ProbePace.datagramsPerSecondMaximum)
    }

    @Test("Asked once a millisecond, it keeps the same rate")
    func milliseconds() {
        var pace = ProbePace(at: Instant(microseconds: 0))

        let count = taken(&pace, at: stride(from: 0, to: 1_000_000, by: 1_000))
        #expect(ProbePace.datagramsPerSecondMaximum - 10...ProbePace.datagramsPerSecondMaximum ~= count)
    }

    @Test("After a long pause only one small burst is made up for")
    func burst() {
        var pace = ProbePace(at: Instant(microseconds: 0))

        #expect(taken(&pace, at: [60_000_000]) == ProbePace.burstMaximum + 1)
        #expect(taken(&pace, at: [60_000_001]) == 0)
    }

    @Test("At the moment that it names, one is let through")
    func next() {
        var pace = ProbePace(at: Instant(microseconds: 5))
        for _ in 0..<1_000 {
            let next = pace.next
            let isTaken = pace.take(at: next)
            #expect(isTaken)
            #expect(pace.next > next)
        }
    }
}

@Suite("A queue")
struct ProbeQueueTests {
    @Test("Elements come out in the order in which they went in, however many were taken before")
    func order() {
        var queue = ProbeQueue<Int>()
        var taken: [Int] = []
        for number in 0..<1_000 {
            queue.append(number * 2)
            queue.append(number * 2 + 1)
            if let first = queue.takeFirst() { taken.append(first) }
        }
        while let first = queue.takeFirst() { taken.append(first) }

        #expect(taken == Array(0..<2_000))
        #expect(queue.isEmpty)
    }
}
