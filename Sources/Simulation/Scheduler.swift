public import Fleet

/// Runs all tasks of a simulated world on the calling thread, in an order that the seed draws, on a clock that jumps.
///
/// Whatever is ready runs, one job at a time, chosen by chance; when nothing is ready the clock goes to the next moment
/// on the agenda. No time passes while code runs.
public final class Scheduler {
    /// More jobs than this at one moment and the world goes round in circles.
    static let jobsAtOnceMaximum = 1_000_000

    /// One process of the world as the scheduler sees it.
    private struct LaneState {
        var isFrozen = false
        var held: [UnownedJob] = []
    }

    private struct Ready {
        var job: UnownedJob
        var lane: Lane
    }

    public private(set) var now = Instant(microseconds: 0)
    /// How many jobs and moments have passed.
    public private(set) var stepCount: UInt64 = 0
    /// Two runs took the same way if and only if this is the same, as far as a hash can tell.
    public private(set) var fingerprint: UInt64 = 0
    /// Called after every job and every moment.
    public var afterStep: () -> Void = {}
    public private(set) var isStopped = false
    private var generator: SeededGenerator
    private var lanes: [LaneState] = []
    private var ready: [Ready] = []
    private var agenda = Agenda()

    public init(seed: UInt64) { generator = SeededGenerator(seed: seed, stream: .schedule) }

    // MARK: Lanes

    /// A process of its own, with the scheduler as the world's processor.
    public func makeLane(_ scheduler: Confined<Scheduler>) -> Lane {
        lanes.append(LaneState())
        return Lane(number: lanes.count - 1, scheduler: scheduler)
    }

    /// Nothing of this lane runs until it is thawed, as under SIGSTOP; after SIGKILL that is never.
    public func freeze(_ lane: Lane) {
        lanes[lane.number].isFrozen = true
        lanes[lane.number].held += ready.filter { $0.lane === lane }.map(\.job)
        ready.removeAll { $0.lane === lane }
    }

    public func thaw(_ lane: Lane) {
        lanes[lane.number].isFrozen = false
        ready += lanes[lane.number].held.map { Ready(job: $0, lane: lane) }
        lanes[lane.number].held = []
    }

    func enqueue(_ job: UnownedJob, on lane: Lane) {
        if lanes[lane.number].isFrozen {
            lanes[lane.number].held.append(job)
        } else {
            ready.append(Ready(job: job, lane: lane))
        }
    }

    // MARK: Time

    /// Something happens at a moment; what is past already happens now.
    public func at(_ moment: Instant, _ action: @escaping () -> Void) {
        add(agenda.makeID(), at: moment, action)
    }

    public func after(microseconds: UInt64, _ action: @escaping () -> Void) {
        at(Instant(microseconds: now.microseconds + microseconds), action)
    }

    func makeID() -> Agenda.ID { agenda.makeID() }

    func add(_ id: Agenda.ID, at moment: Instant, _ action: @escaping () -> Void) {
        agenda.add(id, at: max(moment, now), tie: generator.next(), action)
    }

    /// What was to happen later happens now instead.
    func hasten(_ id: Agenda.ID) { agenda.remove(id)?() }

    // MARK: Running

    /// Runs until a moment, until something has come true, or until it is stopped. What is left of the tasks then stays
    /// as it is: nobody answers for a world that has ended.
    public func run(until end: Instant, unless isReached: () -> Bool = { false }) {
        runReady()
        while !isStopped, !isReached(), let moment = agenda.next, moment <= end {
            now = max(now, moment)
            agenda.pop()?()
            note(now.microseconds)
            endStep()
            runReady()
        }
        if !isStopped, !isReached() { now = max(now, end) }
    }

    /// No further step is taken: something is wrong, or the simulation is over.
    public func stop() { isStopped = true }

    /// Makes a fact part of the fingerprint.
    public func note(_ fact: UInt64) { fingerprint = SeededGenerator.mix(fingerprint ^ fact) &+ stepCount }

    private func runReady() {
        var budget = Self.jobsAtOnceMaximum
        while !isStopped, !ready.isEmpty {
            precondition(budget > 0, "a moment comes to its end")
            budget -= 1
            let index = ready.count == 1 ? 0 : Int(generator.next() % UInt64(ready.count))
            ready.swapAt(index, ready.count - 1)
            let next = ready.removeLast()
            note(UInt64(next.lane.number))
            // Safe because the lane is held by `next` while its job runs.
            unsafe next.job.runSynchronously(on: next.lane.asUnownedTaskExecutor())
            endStep()
        }
    }

    private func endStep() {
        stepCount += 1
        afterStep()
    }
}

/// Where the tasks of one simulated process run: `Task(executorPreference:)` takes it, and with it go the task's children
/// and the default actors that it enters. `Task {}` and actors with an executor of their own would escape.
public final class Lane: TaskExecutor {
    let number: Int
    private let scheduler: Confined<Scheduler>

    init(number: Int, scheduler: Confined<Scheduler>) {
        self.number = number
        self.scheduler = scheduler
    }

    public func enqueue(_ job: consuming ExecutorJob) { scheduler.object.enqueue(UnownedJob(job), on: self) }
}
