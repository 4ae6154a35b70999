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

    /// A look takes time that grows with the fleet: after one that found nothing to do the next one waits so long a node,
    /// or looks would be all that a coordinator does while a fleet comes back.
    static let restMicrosecondsANode: UInt64 = 5

    private var rest = Instant(microseconds: 0)

    /// All edges of so many nodes are where they should be.
    mutating func noteNothing(among count: Int, at now: Instant) {
        rest = Instant(microseconds: now.microseconds + UInt64(count) * Self.restMicrosecondsANode)
    }

    /// Whether to look now where the edges stand; a look that is too early is made later.
    mutating func isDue(at now: Instant) -> Bool {
        guard isUnseen, now >= rest, backoff.isOver(at: now) else { return false }
        isUnseen = false
        return true
    }
}
