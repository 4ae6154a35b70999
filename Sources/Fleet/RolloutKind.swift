/// What a rollout is for, in the words of `/api/fleet/rollouts`.
public enum RolloutKind: String, Hashable, Sendable, CaseIterable {
    /// Every edge to `enforce`.
    case enable
    /// Every edge to `clear`.
    case disable
    /// New keys for every edge, at `enforce` throughout.
    case rotate
    /// Every edge to `accept`: a toggle from there has less to do.
    case prepare
    /// Edges to where the fleet should be, nobody having asked: a node joined, was rebooted, or lost state.
    case converge
    /// One node's edges to `clear`, before it leaves.
    case leave

    /// What an operator may start by this name.
    public static let requestable: [RolloutKind] = [.enable, .disable, .rotate, .prepare]
}

/// What to do about nodes that were silent before a rollout began.
public enum AbsentPolicy: String, Hashable, Sendable, CaseIterable {
    /// Refuse in preflight and name them.
    case refuse
    /// Go on without them: their peers close the edges to them when turning on, and keep them enforced when turning
    /// off; each goes through the ladder by itself when it is back.
    case proceed
}
