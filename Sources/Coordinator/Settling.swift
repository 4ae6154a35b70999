internal import Fleet

/// When to bring edges home that a failed rollout left on a middle rung, because a node was silent.
struct Settling {
    /// The first pause between two tries; each further one is twice as long.
    static let pauseMilliseconds: UInt64 = 2_000
    static let pauseMillisecondsMaximum: UInt64 = 60_000

    private(set) var isNeeded = false
    private var pause = Settling.pauseMilliseconds
    private var notBefore = Instant(microseconds: 0)

    /// A rollout ended; `isSettled` says whether every edge is at home.
    mutating func note(isSettled: Bool, wasSettling: Bool, at now: Instant) {
        isNeeded = !isSettled
        pause = wasSettling && !isSettled ? min(pause * 2, Self.pauseMillisecondsMaximum) : Self.pauseMilliseconds
        notBefore = wasSettling ? now.advanced(byMilliseconds: pause) : now
    }

    func isDue(at now: Instant) -> Bool { isNeeded && now >= notBefore }
}
