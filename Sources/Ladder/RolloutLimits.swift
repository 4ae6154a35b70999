public import Fleet

/// How long a rollout waits, and for what.
public struct RolloutLimits: Hashable, Sendable {
    /// The wait before `enforce` and before SAs are removed: loss is zero for delays below it.
    public enum Drain: Hashable, Sendable {
        case fixed(milliseconds: UInt64)
        /// A multiple of the greatest round trip that this rollout's probes saw, and a minimum.
        case automatic
    }

    /// How many times the greatest round trip of a probe an automatic drain lasts: queues under load are several times
    /// longer than those a probe meets.
    public static let drainFactor: UInt64 = 8
    /// The shortest automatic drain, also where nothing was probed.
    public static let drainMillisecondsMinimum: UInt64 = 200
    /// The longest automatic drain: more does not fit into the time for an answer.
    public static let drainMillisecondsMaximum: UInt64 = 5_000

    /// How long every node may take to report one rung.
    public var rungMilliseconds: UInt64 = 10_000
    /// When a climb or descent that is not finished turns back, counted from its start: it leaves the way back its time.
    public var forwardMilliseconds: UInt64 = 16_000
    /// How long one step of the way back waits for a node that answered until now.
    public var wayBackStepMilliseconds: UInt64 = 2_500
    /// When the answer is given whatever is still open: clients give up after 30 s (Ansible's collection).
    public var answerMilliseconds: UInt64 = 24_500
    /// After a first refusal: how long the others may still take, so that the answer names all who refuse.
    public var refusalGraceMilliseconds: UInt64 = 500
    public var drain = Drain.automatic
    /// The first repetition of an order that is not answered; each further one waits twice as long. Large fleets wait longer:
    /// see ``firstRetryMilliseconds(nodes:)``.
    public var retryMilliseconds: UInt64 = 300
    /// How many nodes may be expected to answer in a millisecond: a third of what a coordinator of two cores does. An order
    /// that is repeated while its answer waits to be read costs as much as the first one.
    public static let answersAMillisecond: UInt64 = 10
    /// How often a node that says `missing` is sent what it lacks, in one step.
    public var missingMaximum = 3
    /// Whether edges are probed before traffic depends on them.
    public var probes = true
    /// Empty but in tests of the tests.
    public var flaws: Flaws = []

    public init() {}

    /// The wait before so many nodes are told again what they have not answered.
    public func firstRetryMilliseconds(nodes: Int) -> UInt64 {
        max(retryMilliseconds, UInt64(nodes) / Self.answersAMillisecond)
    }

    /// The drain in milliseconds.
    /// - Parameter probe: the greatest round trip of a probe in microseconds, 0 for none.
    public func drainMilliseconds(afterProbe probe: UInt64) -> UInt64 {
        switch drain {
        case .fixed(let milliseconds): milliseconds
        case .automatic:
            // Cut first: a round trip is what a node says.
            max(
                min(probe, Self.drainMillisecondsMaximum * 1_000 / Self.drainFactor) * Self.drainFactor / 1_000,
                Self.drainMillisecondsMinimum)
        }
    }
}
