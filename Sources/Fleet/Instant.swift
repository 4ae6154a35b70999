/// A moment on some monotonic clock, in microseconds since that clock's own beginning.
///
/// Machines are told the time; they never ask for it. Instants of two clocks cannot be compared.
public struct Instant: Hashable, Comparable, Sendable, Codable {
    public let microseconds: UInt64

    public init(microseconds: UInt64) { self.microseconds = microseconds }
    public init(milliseconds: UInt64) { microseconds = milliseconds * 1_000 }

    public static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    public func advanced(byMilliseconds milliseconds: UInt64) -> Instant {
        Instant(microseconds: microseconds + milliseconds * 1_000)
    }

    /// The time from `earlier` to this moment in microseconds, 0 where `earlier` is later.
    public func microseconds(since earlier: Instant) -> UInt64 {
        microseconds > earlier.microseconds ? microseconds - earlier.microseconds : 0
    }
}

extension Instant: CustomStringConvertible {
    public var description: String { "\(microseconds / 1_000) ms" }
}
