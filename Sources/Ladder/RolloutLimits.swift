/// How long a rollout waits, and for what.
public struct RolloutLimits: Hashable, Sendable {
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
    /// The wait before `enforce` and before SAs are removed: loss is zero for delays below it.
    public var drainMilliseconds: UInt64 = 200
    /// The first repetition of an order that is not answered; each further one waits twice as long.
    public var retryMilliseconds: UInt64 = 300
    /// How often a node that says `missing` is sent what it lacks, in one step.
    public var missingMaximum = 3

    public init() {}
}
