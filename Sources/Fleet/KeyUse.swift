/// Which keys an edge uses, seen from one offer set: the fresh set of a rollout.
public enum KeyUse: UInt8, Hashable, Sendable, CaseIterable {
    /// No SA of the set.
    case old = 0
    /// The set's SAs stand, and nothing is sent with them as long as there are others.
    case held = 1
    /// The set's SAs are sent with; others still stand for what is on its way.
    case used = 2
    /// The set's SAs and no other.
    case only = 3
}
