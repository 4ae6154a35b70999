internal import Fleet

/// When to bring edges where they should be without a call, and how long to wait after a try that did not.
struct Converging {
    /// The first pause between two tries, and the longest.
    static let pauseMilliseconds: UInt64 = 2_000
    static let pauseMillisecondsMaximum: UInt64 = 60_000

    private(set) var backoff = Backoff(
        firstMilliseconds: Converging.pauseMilliseconds, longestMilliseconds: Converging.pauseMillisecondsMaximum)
    /// Something was heard that may have changed where edges stand.
    private(set) var isUnseen = true

    /// News came: edges may stand elsewhere.
    mutating func noteNews() { isUnseen = true }

    /// A rollout ended; one that nobody called for and that left something to do makes the next one wait longer.
    mutating func noteEnd(isUncalled: Bool, isSettled: Bool, at now: Instant) {
        isUnseen = true
        if isUncalled && !isSettled {
            backoff.wait(from: now)
        } else if isSettled {
            backoff.reset()
        }
    }

    /// Whether to look now where the edges stand; a look that is too early is made later.
    mutating func isDue(at now: Instant) -> Bool {
        guard isUnseen, backoff.isOver(at: now) else { return false }
        isUnseen = false
        return true
    }
}
