import Fleet
import Ports
import Testing

@testable import Simulation

/// Actors, tasks and a clock under the seeded scheduler; each test runs on the one thread that it is called on.
@Suite("Scheduler and virtual clock")
struct SchedulerTests {
    /// Lines that tasks write, in the order in which they wrote them.
    private final class Notes {
        var lines: [String] = []
    }

    private actor Counter {
        private var count = 0

        func increase() -> Int {
            count += 1
            return count
        }
    }

    /// Five tasks of two processes that meet in an actor and sleep.
    private static func story(seed: UInt64) -> (lines: [String], fingerprint: UInt64) {
        let scheduler = Scheduler(seed: seed)
        let confined = Confined(scheduler)
        let notes = Confined(Notes())
        let counter = Counter()
        let lanes = [scheduler.makeLane(confined), scheduler.makeLane(confined)]
        for name in 0..<5 {
            let clock = VirtualClock(confined, bornAt: scheduler.now, aheadMicroseconds: UInt64(name) * 1_000_000)
            _ = Task(executorPreference: lanes[name % 2]) {
                for _ in 0..<3 {
                    let count = await counter.increase()
                    notes.object.lines.append("\(name) counts \(count)")
                    await clock.sleep(until: clock.now().advanced(byMilliseconds: 10))
                }
            }
        }
        scheduler.run(until: Instant(milliseconds: 1_000))
        return (notes.object.lines, scheduler.fingerprint)
    }

    @Test("The same seed takes the same way, and seeds differ")
    func seeds() {
        let first = (0..<50).map { Self.story(seed: $0) }

        for (seed, story) in first.enumerated() {
            let again = Self.story(seed: UInt64(seed))
            #expect(again.lines == story.lines)
            #expect(again.fingerprint == story.fingerprint)
            #expect(story.lines.count == 15)
        }
        #expect(Set(first.map(\.lines)).count > 10)
    }

    @Test("The clock jumps to the next sleeper, and each wakes at its moment")
    func clockJumps() {
        let scheduler = Scheduler(seed: 1)
        let confined = Confined(scheduler)
        let notes = Confined(Notes())
        let lane = scheduler.makeLane(confined)
        let clock = VirtualClock(confined, bornAt: scheduler.now, aheadMicroseconds: 500)
        for milliseconds: UInt64 in [86_400_000, 20, 5] {
            _ = Task(executorPreference: lane) {
                await clock.sleep(until: Instant(microseconds: milliseconds * 1_000 + 500))
                notes.object.lines.append("\(confined.object.now)")
            }
        }

        scheduler.run(until: Instant(milliseconds: 100_000_000))

        #expect(notes.object.lines == ["5 ms", "20 ms", "86400000 ms"])
        #expect(scheduler.now == Instant(milliseconds: 100_000_000))
    }

    @Test("A sleeper whose task is cancelled wakes at once")
    func cancelledSleeper() {
        let scheduler = Scheduler(seed: 1)
        let confined = Confined(scheduler)
        let notes = Confined(Notes())
        let clock = VirtualClock(confined, bornAt: scheduler.now, aheadMicroseconds: 0)
        let task = Task(executorPreference: scheduler.makeLane(confined)) {
            await clock.sleep(until: Instant(milliseconds: 1_000))
            notes.object.lines.append("\(confined.object.now)")
        }
        scheduler.at(Instant(milliseconds: 3)) { task.cancel() }

        scheduler.run(until: Instant(milliseconds: 2_000))

        #expect(notes.object.lines == ["3 ms"])
    }

    @Test("Nothing of a frozen process runs until it is thawed; what it slept through is over then")
    func frozenLane() {
        let scheduler = Scheduler(seed: 1)
        let confined = Confined(scheduler)
        let notes = Confined(Notes())
        let lane = scheduler.makeLane(confined)
        let clock = VirtualClock(confined, bornAt: scheduler.now, aheadMicroseconds: 0)
        _ = Task(executorPreference: lane) {
            await clock.sleep(until: Instant(milliseconds: 10))
            notes.object.lines.append("\(clock.now())")
        }
        scheduler.at(Instant(milliseconds: 5)) { scheduler.freeze(lane) }
        scheduler.at(Instant(milliseconds: 50)) { scheduler.thaw(lane) }

        scheduler.run(until: Instant(milliseconds: 100))

        #expect(notes.object.lines == ["50 ms"])
    }
}
