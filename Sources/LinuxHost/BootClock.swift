public import Fleet
internal import Glibc
public import Ports

/// CLOCK_BOOTTIME: goes on while the machine sleeps, so that an order that slept through its expiry is seen to be old.
public struct BootClock: MonotonicClock {
    public init() {}

    public func now() -> Instant {
        var time = timespec()
        // Safe because the pointer is to a local that outlives the call; this clock exists since Linux 2.6.39.
        let status = unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        precondition(status == 0, "CLOCK_BOOTTIME can be read")
        return Instant(microseconds: UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000)
    }

    public func sleep(until moment: Instant) async {
        let microseconds = moment.microseconds(since: now())
        try? await Task.sleep(for: .microseconds(microseconds)) // Cancelled: the caller's loop ends.
    }
}
