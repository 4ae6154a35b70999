public import Fleet

/// The rule that makes a rollout hitless, for an edge and its opposite whose kernels both kept their state.
///
/// 1. If an edge is at `send` or higher, its opposite is at `accept` or higher, with SAs from the same offers.
/// 2. If an edge is at `enforce`, its opposite is at `send` or higher.
/// 3. `enforce`, and the removal of SAs, come only after the drain: see ``Stride/needsDrain``.
public enum LadderRule {
    /// Which clause two opposite edges break.
    public enum Violation: Hashable, Sendable {
        /// Clause 1: one sends ESP that the other cannot take.
        case sendsUnheard
        /// Clause 1: the two hold SAs of different offers.
        case keysDiffer
        /// Clause 2: one refuses the clear traffic that the other still sends.
        case refusesClear
        /// One edge is closed and the other is not.
        case halfClosed
    }

    /// What two opposite edges on these rungs break, `nil` where nothing.
    public static func violation(_ here: Rung, _ there: Rung, keysAgree: Bool) -> Violation? {
        if here == .closed || there == .closed { return here == there ? nil : .halfClosed }
        let lower = min(here, there)
        let upper = max(here, there)
        if upper >= .send && lower < .accept { return .sendsUnheard }
        if upper == .enforce && lower < .send { return .refusesClear }
        if upper >= .send && !keysAgree { return .keysDiffer }
        return nil
    }

    /// Whether nothing is broken whichever of these rungs each edge stands on.
    public static func holds(_ here: RungSet, _ there: RungSet, keysAgree: Bool) -> Bool {
        here.rungs.allSatisfy { one in
            there.rungs.allSatisfy { other in violation(one, other, keysAgree: keysAgree) == nil }
        }
    }
}

/// Two opposite edges as the coordinator sees them.
public struct Pair: Hashable, Sendable {
    /// Where the edge from the lower node number may stand.
    public var here: RungSet
    /// Where the opposite edge may stand.
    public var there: RungSet
    /// Whether both are known to hold SAs from the same offers.
    public var keysAgree: Bool
    /// Whether the node of either edge answers, so that it can be told to move.
    public var canMoveHere: Bool
    public var canMoveThere: Bool

    public init(here: RungSet, there: RungSet, keysAgree: Bool, canMoveHere: Bool = true, canMoveThere: Bool = true) {
        self.here = here
        self.there = there
        self.keysAgree = keysAgree
        self.canMoveHere = canMoveHere
        self.canMoveThere = canMoveThere
    }

    /// Neither edge has SAs.
    public var isBare: Bool { here == RungSet(.clear) && there == RungSet(.clear) }

    /// The next rung of each edge on the way to a goal, `nil` where it stays.
    ///
    /// Every rung that it answers is safe while either edge has moved and the other has not. Edges without common keys
    /// go to `clear` first: only from there can fresh offers be taken up.
    public func next(toward goal: Rung) -> (here: Rung?, there: Rung?) {
        let aim = keysAgree || isBare ? goal : .clear
        let one = canMoveHere ? Self.step(from: here, toward: aim) : nil
        let other = canMoveThere ? Self.step(from: there, toward: aim) : nil
        for (here, there) in [(one, other), (one, nil), (nil, other)] where here != nil || there != nil {
            if isSafe(here, there) { return (here, there) }
        }
        return (nil, nil)
    }

    private func isSafe(_ one: Rung?, _ other: Rung?) -> Bool {
        let after = (here.union(one.map(RungSet.init) ?? []), there.union(other.map(RungSet.init) ?? []))
        // New SAs come with the step from clear to accept, so bare edges agree by the time it matters.
        let agrees = keysAgree || isBare
        if LadderRule.holds(after.0, after.1, keysAgree: agrees) { return true }
        // Already broken, as after a kernel lost its state, or shut on both sides: the only way out is down.
        let goesDown = { (from: RungSet, to: Rung?) in to.map { RungSet($0).rawValue < from.rawValue } ?? true }
        let isShut = here == RungSet(.closed) && there == RungSet(.closed)
        let isBroken = isShut || !LadderRule.holds(here, there, keysAgree: agrees)
        return isBroken && goesDown(here, one) && goesDown(there, other)
    }

    private static func step(from rungs: RungSet, toward goal: Rung) -> Rung? {
        guard let lowest = rungs.lowest, let highest = rungs.highest else { return nil }
        // A closed edge is opened only by turning the fleet off.
        if highest == .closed { return goal == .clear ? .clear : nil }
        guard lowest == highest else { return min(max(goal, lowest), highest) }
        if lowest < goal { return lowest.above }
        return lowest > goal ? lowest.below : nil
    }
}
