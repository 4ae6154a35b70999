public import Fleet
public import Ports

/// One host's CLOCK_BOOTTIME in virtual time: it began when the host was started.
public final class VirtualClock: MonotonicClock {
    private let scheduler: Confined<Scheduler>
    /// What the host's clock read when the world's began.
    private let aheadMicroseconds: UInt64
    private let bornAt: Instant

    /// - Parameters:
    ///   - bornAt: the world's time at which the clock read ``aheadMicroseconds``.
    public init(_ scheduler: Confined<Scheduler>, bornAt: Instant, aheadMicroseconds: UInt64) {
        self.scheduler = scheduler
        self.bornAt = bornAt
        self.aheadMicroseconds = aheadMicroseconds
    }

    public func now() -> Instant {
        Instant(microseconds: scheduler.object.now.microseconds(since: bornAt) + aheadMicroseconds)
    }

    public func sleep(until moment: Instant) async {
        let sinceBirth = moment.microseconds - min(moment.microseconds, aheadMicroseconds)
        await scheduler.sleep(until: Instant(microseconds: bornAt.microseconds + sinceBirth))
    }
}

extension Confined where Object == Scheduler {
    /// Returns at the world's moment, or when the task is cancelled.
    func sleep(until moment: Instant) async {
        let id = object.makeID()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled, moment > object.now else { return continuation.resume() }
                object.add(id, at: moment) { continuation.resume() }
            }
        } onCancel: {
            object.hasten(id)
        }
    }

    func pause(microseconds: UInt64) async {
        if microseconds == 0 { return }
        await sleep(until: Instant(microseconds: object.now.microseconds + microseconds))
    }
}
