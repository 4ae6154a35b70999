public import Fleet

/// Which of this node's slots belong to which offer set, and which one is next.
///
/// A pure value. The caller persists it (``text``) before the offer with a new slot leaves, so that no slot is given
/// out twice across restarts while an SA of it may stand somewhere. Slots go round 1…4 095 and so come back as late
/// as possible.
public struct SlotLedger: Hashable, Sendable {
    /// What one slot is known for.
    public struct Entry: Hashable, Sendable {
        /// The set whose offer has the slot.
        public var set: Generation
        /// Whether the set may still be installed. A released slot is kept only as the name of SAs that stand.
        public var isLive: Bool

        public init(set: Generation, isLive: Bool) {
            self.set = set
            self.isLive = isLive
        }
    }

    /// Every slot is in use: 4 095 offer sets whose SAs were never removed.
    public struct Exhausted: Error, Hashable, Sendable, CustomStringConvertible {
        public init() {}
        public var description: String { "no free SPI slot: all \(Slot.maximum) are in use" }
    }

    public internal(set) var entries: [Slot: Entry] = [:]
    /// Where the search for a free slot begins.
    public internal(set) var next: UInt16 = 1

    public init() {}

    /// An empty ledger whose search begins at this slot.
    ///
    /// For an agent that has no record at all: one that begins at a random slot is unlikely to give out what it gave
    /// out before its disk was replaced, and what peers may still hold SAs of.
    public init(next: Slot) { self.next = next.rawValue }

    /// Gives out a fresh slot for a set, also where the set had one before: its earlier offer is void then.
    ///
    /// - Parameter inUse: the slots in the SPIs of this node's inbound SAs, by read-back. Neither one of these nor
    ///   one of a live set is given out.
    public mutating func take(for set: Generation, inUse: Set<Slot>) throws(Exhausted) -> Slot {
        forgetReleased(inUse: inUse)
        for distance in 0..<Slot.maximum {
            guard let slot = Slot((next - 1 + distance) % Slot.maximum + 1) else { continue }
            guard entries[slot] == nil, !inUse.contains(slot) else { continue }
            entries[slot] = Entry(set: set, isLive: true)
            next = slot.rawValue % Slot.maximum + 1
            return slot
        }
        throw Exhausted()
    }

    /// The offer that has this slot is that set's; until then it was taken for ``Generation/none``.
    public mutating func assign(_ slot: Slot, to set: Generation) {
        if let entry = entries[slot], entry.isLive { entries[slot]?.set = set }
    }

    /// The set was abandoned, or its SAs stand in the kernel: its slots are held by the read-back alone from now on.
    public mutating func release(set: Generation) {
        for (slot, entry) in entries where entry.set == set { entries[slot] = Entry(set: entry.set, isLive: false) }
    }

    /// The offer that has this slot was given up.
    public mutating func release(_ slot: Slot) { entries[slot]?.isLive = false }

    /// Forgets released slots that no SA has any more. Called by ``take(for:inUse:)``; bounds the ledger.
    public mutating func forgetReleased(inUse: Set<Slot>) {
        entries = entries.filter { $0.value.isLive || inUse.contains($0.key) }
    }

    /// The set whose offer has the slot, `nil` where it is not known: a foreign SA, or a lost ledger.
    public func set(of slot: Slot) -> Generation? { entries[slot]?.set }

    /// The slots given out for a set, ascending.
    public func slots(of set: Generation) -> [Slot] {
        entries.filter { $0.value.set == set }.keys.sorted()
    }
}
