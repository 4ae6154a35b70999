internal import Fleet

/// The coordinator's clock as this node can know it: never later than the truth, and late by the smallest delay seen.
struct CoordinatorClock {
    /// This node's clock less the coordinator's, plus a delay: the smallest sample is nearest to the truth.
    private var offset: Int64?

    /// The coordinator wrote `theirs` into a message that arrived at `ours`.
    mutating func note(_ theirs: Instant, arrivedAt ours: Instant) {
        let sample = Int64(clamping: ours.microseconds) - Int64(clamping: theirs.microseconds)
        offset = min(offset ?? sample, sample)
    }

    /// Another connection may lead to another coordinator, whose clock began elsewhere.
    mutating func forget() { offset = nil }

    /// The coordinator's time now, its beginning where nothing was heard yet.
    func estimate(at ours: Instant) -> Instant {
        guard let offset else { return Instant(microseconds: 0) }
        let (estimate, isBeyond) = Int64(clamping: ours.microseconds).subtractingReportingOverflow(offset)
        return Instant(microseconds: isBeyond ? UInt64(Int64.max) : UInt64(max(0, estimate)))
    }
}
