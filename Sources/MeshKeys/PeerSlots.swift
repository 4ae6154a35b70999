public import Fleet

/// Which slots of peers belong to which offer sets, so that an agent that was restarted still knows from which offers
/// the SAs that it sends with were made.
///
/// A pure value. The caller persists it (``text``) before an SA with a new slot is installed.
public struct PeerSlots: Hashable, Sendable {
    /// What one slot of one peer is known for.
    public struct Key: Hashable, Comparable, Sendable {
        public var peer: NodeNumber
        public var slot: Slot

        public init(peer: NodeNumber, slot: Slot) {
            self.peer = peer
            self.slot = slot
        }

        public static func < (left: Key, right: Key) -> Bool { (left.peer, left.slot) < (right.peer, right.slot) }
    }

    public internal(set) var sets: [Key: Generation] = [:]

    public init() {}

    /// The set whose offer has the peer's slot, `nil` where it is not known.
    public func set(of slot: Slot, of peer: NodeNumber) -> Generation? { sets[Key(peer: peer, slot: slot)] }

    /// The peer's slot in a set, `nil` where it is not known.
    public func slot(in set: Generation, of peer: NodeNumber) -> Slot? {
        sets.first { $0.key.peer == peer && $0.value == set }?.key.slot
    }

    /// SAs toward these peers are about to be made from a set.
    public mutating func note(_ set: Generation, _ slots: [NodeNumber: Slot]) {
        for (peer, slot) in slots { sets[Key(peer: peer, slot: slot)] = set }
    }

    /// Keeps what SAs still stand for, and whatever belongs to this set.
    public mutating func keep(_ used: Set<Key>, and set: Generation?) {
        sets = sets.filter { used.contains($0.key) || $0.value == set }
    }
}
