internal import Fleet

/// How fast one node asks: evenly, with small bursts where its thread woke late.
struct ProbePace: Hashable, Sendable {
    /// A thousand peers ask one node at once: together they stay below what its processor and buffer take, and full-sized
    /// datagrams of one asker below 15 MB/s.
    static let datagramsPerSecondMaximum: UInt64 = 10_000
    /// `poll` counts in milliseconds, ten datagrams each; three such turns may be made up for, no more.
    static let burstMaximum: UInt64 = 32

    static let intervalMicroseconds = 1_000_000 / datagramsPerSecondMaximum

    /// From when on one more may be sent.
    private(set) var next: Instant

    init(at now: Instant) { next = now }

    /// Whether one may be sent now; it is counted as sent then.
    mutating func take(at now: Instant) -> Bool {
        guard next <= now else { return false }
        let credit = min(now.microseconds(since: next), Self.burstMaximum * Self.intervalMicroseconds)
        next = Instant(microseconds: now.microseconds - credit + Self.intervalMicroseconds)
        return true
    }
}
