import Fleet
import Testing

@testable import Agent

@Suite("What an agent knows of its coordinator's clock")
struct CoordinatorClockTests {
    private func at(_ seconds: UInt64, milliseconds: UInt64 = 0) -> Instant {
        Instant(milliseconds: seconds * 1_000 + milliseconds)
    }

    @Test("It is late by the smallest delay, and however long messages were held up it does not fall behind with them")
    func delay() {
        var clock = CoordinatorClock()
        #expect(clock.estimate(at: at(5)) == at(0))
        clock.note(at(1_000), arrivedAt: at(1, milliseconds: 8))
        clock.note(at(1_001), arrivedAt: at(2, milliseconds: 3))
        clock.note(at(1_002), arrivedAt: at(3, milliseconds: 9))
        #expect(clock.estimate(at: at(4)) == at(1_003).advanced(back: 3))

        for second in 4...90 as ClosedRange<UInt64> { clock.note(at(1_000 + second), arrivedAt: at(92)) }

        #expect(clock.estimate(at: at(92)) == at(1_091).advanced(back: 3))
        clock.forget()
        #expect(clock.estimate(at: at(92)) == at(0))
    }

    @Test("A coordinator that lost time, and one whose clock runs slower, are known again within a minute")
    func drift() {
        var stunned = CoordinatorClock()
        for second in 0...99 as ClosedRange<UInt64> { stunned.note(at(second), arrivedAt: at(second)) }
        for second in 100...160 as ClosedRange<UInt64> { stunned.note(at(second - 20), arrivedAt: at(second)) }
        #expect(stunned.estimate(at: at(160)) == at(140))

        var slow = CoordinatorClock()
        for second in 0...100_000 as ClosedRange<UInt64> {
            slow.note(Instant(microseconds: second * 999_900), arrivedAt: at(second))
        }
        let behind = slow.estimate(at: at(100_000)).microseconds - 100_000 * 999_900
        #expect(behind <= 6_000)
    }
}

extension Instant {
    fileprivate func advanced(back milliseconds: UInt64) -> Instant {
        Instant(microseconds: microseconds - milliseconds * 1_000)
    }
}
