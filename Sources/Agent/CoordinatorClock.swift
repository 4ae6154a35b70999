internal import Fleet

/// The coordinator's clock as this node can know it: never later than the truth, and late by the smallest delay lately
/// seen.
///
/// A node's clock less the coordinator's, plus a message's delay, is a sample; the smallest one is nearest to the truth.
/// Samples do not count for ever, for clocks drift apart and a machine that is stunned loses time. How old one is goes
/// by when it arrived: however long messages were held up on the way, they are judged by one that came before.
struct CoordinatorClock {
    /// A sample counts for this long, and until this long has passed again. Two clocks drift apart by 3 ms in it (100
    /// parts in a million, what crystals keep), and a coordinator that was stunned waits no longer for its orders to be
    /// taken again than a minute.
    static let spanMicroseconds: UInt64 = 30_000_000

    /// Of the span that goes on.
    private var newer: (smallest: Int64, began: Instant)?
    /// Of the span before it.
    private var older: Int64?

    /// The coordinator wrote `theirs` into a message that arrived at `ours`.
    mutating func note(_ theirs: Instant, arrivedAt ours: Instant) {
        let sample = Int64(clamping: ours.microseconds) - Int64(clamping: theirs.microseconds)
        if let current = newer, ours.microseconds(since: current.began) < Self.spanMicroseconds {
            newer = (min(current.smallest, sample), current.began)
        } else {
            older = newer?.smallest
            newer = (sample, ours)
        }
    }

    /// Another connection may lead to another coordinator, whose clock began elsewhere.
    mutating func forget() { (older, newer) = (nil, nil) }

    /// The coordinator's time now, its beginning where nothing was heard yet.
    func estimate(at ours: Instant) -> Instant {
        guard let newer else { return Instant(microseconds: 0) }
        let offset = min(newer.smallest, older ?? newer.smallest)
        let (estimate, isBeyond) = Int64(clamping: ours.microseconds).subtractingReportingOverflow(offset)
        return Instant(microseconds: isBeyond ? UInt64(Int64.max) : UInt64(max(0, estimate)))
    }
}
