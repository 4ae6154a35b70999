import Fleet
import LinuxHost
import Ports
import Synchronization

/// The machine's clock, which a test makes leap forward: what was slept for before that is due late, and what is looked
/// at is late at once.
final class LeapingClock: MonotonicClock {
    private let boot = BootClock()
    private let ahead = Mutex<UInt64>(0)

    func leap(milliseconds: UInt64) { ahead.withLock { $0 += milliseconds } }

    func now() -> Instant { boot.now().advanced(byMilliseconds: ahead.withLock { $0 }) }

    func sleep(until moment: Instant) async {
        let milliseconds = ahead.withLock { $0 }
        await boot.sleep(
            until: Instant(microseconds: moment.microseconds - min(moment.microseconds, milliseconds * 1_000)))
    }
}
