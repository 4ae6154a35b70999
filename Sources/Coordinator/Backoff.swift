internal import Fleet

/// The wait between two tries of something that nobody called for: each further one in a row is twice as long.
struct Backoff {
    let firstMilliseconds: UInt64
    let longestMilliseconds: UInt64
    /// The next wait.
    private(set) var milliseconds: UInt64
    private var end = Instant(microseconds: 0)

    init(firstMilliseconds: UInt64, longestMilliseconds: UInt64) {
        self.firstMilliseconds = firstMilliseconds
        self.longestMilliseconds = longestMilliseconds
        milliseconds = firstMilliseconds
    }

    /// A try was made: the next one waits.
    mutating func wait(from now: Instant) {
        end = now.advanced(byMilliseconds: milliseconds)
        milliseconds = min(milliseconds * 2, longestMilliseconds)
    }

    /// What comes next is no more of the same row.
    mutating func reset() { milliseconds = firstMilliseconds }

    func isOver(at now: Instant) -> Bool { now >= end }
}
