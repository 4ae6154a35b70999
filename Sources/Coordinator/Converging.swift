internal import Fleet

/// When to bring edges where they should be without a call, and how long to wait after a try that did not.
struct Converging {
    /// The first pause between two tries; each further one is twice as long.
    static let pauseMilliseconds: UInt64 = 2_000
    static let pauseMillisecondsMaximum: UInt64 = 60_000

    private var pause = Converging.pauseMilliseconds
    private var notBefore = Instant(microseconds: 0)
    /// Something was heard that may have changed where edges stand.
    private(set) var isUnseen = true

    /// News came: edges may stand elsewhere.
    mutating func noteNews() { isUnseen = true }

    /// A rollout ended; one that nobody called for and that failed makes the next one wait longer.
    mutating func noteEnd(isUncalled: Bool, isSuccess: Bool, at now: Instant) {
        isUnseen = true
        if isUncalled && !isSuccess {
            notBefore = now.advanced(byMilliseconds: pause)
            pause = min(pause * 2, Self.pauseMillisecondsMaximum)
        } else if isSuccess {
            pause = Self.pauseMilliseconds
        }
    }

    /// Whether to look now where the edges stand; a look that is too early is made later.
    mutating func isDue(at now: Instant) -> Bool {
        guard isUnseen, now >= notBefore else { return false }
        isUnseen = false
        return true
    }
}
