public import Fleet

/// Named places between two effects, where a test may kill or stop the process.
///
/// Crashes happen at random places; a test that proves something about them must be able to choose the place.
public struct Checkpoint: Sendable {
    private let reached: (@Sendable (String) -> Void)?

    public init(_ reached: @escaping @Sendable (String) -> Void) { self.reached = reached }

    private init() { reached = nil }

    /// Nothing happens anywhere.
    public static let none = Checkpoint()

    /// The process has just done this, such as `sent accept`.
    public func reach(_ place: @autoclosure () -> String) { reached?(place()) }
}

/// A monotonic clock that goes on while the machine sleeps (CLOCK_BOOTTIME), and the way to wait on it.
public protocol MonotonicClock: Sendable {
    func now() -> Instant
    /// Returns at the moment or when the task is cancelled.
    func sleep(until moment: Instant) async
}
