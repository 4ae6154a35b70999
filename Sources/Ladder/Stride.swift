public import Fleet

/// Where a rollout takes the pairs of edges.
public struct Goal: Hashable, Sendable {
    /// What becomes of pairs that name no rung of their own; `nil` leaves them untouched.
    public var base: Rung?
    /// Rungs of single pairs, by the edge from the lower node number; `nil` leaves one untouched.
    public var pairs: [Edge: Rung?]
    public var freshness: Freshness
    public var absent: Absent
    /// SAs of older sets are replaced where keys are fresh as needed.
    public var oldest = Generation.none

    /// Which pairs get fresh keys.
    public enum Freshness: Hashable, Sendable {
        /// Those that are not sound: without keys, with too many, or with such as the other does not hold.
        case whereNeeded
        /// All that are not at the goal with them.
        case everywhere
        /// None: fresh keys that are there already are given back where others can take over.
        case nowhere
    }

    /// What becomes of the edges to nodes that were silent before the rollout began.
    public enum Absent: Hashable, Sendable {
        /// They stay.
        case stay
        /// Nothing is sent to them nor taken from them.
        case close
        /// Those that were closed for the rollout are opened again.
        case reopen
    }

    public init(
        _ base: Rung?, pairs: [Edge: Rung?] = [:], freshness: Freshness = .whereNeeded, absent: Absent = .stay
    ) {
        self.base = base
        self.pairs = pairs
        self.freshness = freshness
        self.absent = absent
    }

    public func rung(_ pair: Edge) -> Rung? {
        if let rung = pairs[pair] { return rung }
        return base
    }

    /// The place that a pair's edges are bound for.
    func aim(_ rung: Rung, _ pair: Pair) -> Place {
        guard rung != .clear, rung != .closed else { return Place(rung) }
        switch freshness {
        case .nowhere: return Place(rung)
        case .everywhere: return Place(rung, .only)
        case .whereNeeded:
            let states = pair.here + pair.there
            let isUnderWay = states.contains { $0.keys(pair.fresh) != .old }
            let isOutdated = states.contains { $0.holds.first.map { $0 < oldest } ?? false }
            return Place(rung, isUnderWay || isOutdated || !pair.isSound ? .only : .old)
        }
    }
}

/// One order's worth of movement.
public struct Stride: Hashable, Sendable {
    /// What the moves of a stride have in common; strides are made in this order.
    public enum Phase: Hashable, Comparable, Sendable {
        /// Down to this rung, the highest first; also back from fresh keys to others.
        case lower(Rung)
        /// SAs are added; nothing is sent with them.
        case hold
        /// ESP is sent, or other SAs are sent with.
        case send
        /// Clear is refused, edges to absent nodes are closed.
        case enforce
        /// SAs that nothing is sent with any more are removed.
        case drop
    }

    public var phase: Phase
    /// The place of every edge that moves.
    public var rule: EdgeRule
    /// The nodes that are told: all that have an edge which moves.
    public var nodes: [NodeNumber]
    /// Clause 3 of the rule: packets in flight must arrive first.
    public var needsDrain: Bool
    /// SAs are made: the order's fresh offers must be there.
    public var makesAssociations: Bool
    /// Both ends of every pair that has an edge which moves.
    public var ends: [NodeNumber]

    /// For people: the rung, or what is done with keys.
    public var name: String {
        switch phase {
        case .lower(let rung): rung.description
        case .hold: "accept"
        case .send: "send"
        case .enforce: "enforce"
        case .drop: "drop"
        }
    }
}

extension Stride.Phase {
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .lower(let rung): 4 - Int(rung.rawValue)
        case .hold: 5
        case .send: 6
        case .enforce: 7
        case .drop: 8
        }
    }
}
