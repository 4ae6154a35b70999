public import Fleet

/// The rule that makes a rollout hitless: what an edge sends, its opposite takes.
///
/// 1. If an edge is at `send` or higher, its opposite holds the inbound SA that it sends with.
/// 2. If an edge is at `enforce`, its opposite is at `send` or higher.
/// 3. `enforce`, and the removal of SAs, come only after the drain: see ``Stride/needsDrain``.
///
/// It is for edges whose both kernels kept their state. A closed edge takes clear from nobody and sends nothing.
public enum LadderRule {
    /// How two opposite edges break the rule.
    public enum Violation: Hashable, Sendable {
        /// Clause 1: one sends ESP that the other cannot take.
        case sendsUnheard
        /// Clause 1: the other has SAs, but not those that the one sends with.
        case keysDiffer
        /// Clause 2: one refuses the clear traffic that the other still sends.
        case refusesClear
        /// One edge is closed and the other is not.
        case halfClosed
    }

    /// Whether all that the edge sends is taken by its opposite, in every address family; a closed edge sends nothing
    /// that could be.
    public static func delivers(_ edge: EdgeState, to opposite: EdgeState) -> Bool {
        takes(edge.low, edge, opposite) && (edge.high == edge.low || takes(edge.high, edge, opposite))
    }

    private static func takes(_ rung: Rung, _ edge: EdgeState, _ opposite: EdgeState) -> Bool {
        if rung.sendsClear { return opposite.high.takesClear }
        guard rung.sendsESP, !edge.sends.isEmpty else { return false }
        return edge.sends.allSatisfy { edge.holds.contains($0) && opposite.holds.contains($0) }
    }

    /// How packets that some address family of an edge sends are taken, where another family may have lost an SA.
    struct Partly: OptionSet {
        let rawValue: UInt8

        static let inClear = Partly(rawValue: 1)
        static let byESP = Partly(rawValue: 2)
    }

    /// - Parameter countsRests: whether what is left of a set on a closed edge counts, which could not open with it.
    static func partlyTaken(_ edge: EdgeState, by opposite: EdgeState, countsRests: Bool = true) -> Partly {
        // Both are closed, at least in part, or one is that could not open again: nothing goes to and fro.
        if edge.high == .closed && opposite.high == .closed { return [] }
        if opposite.low == .closed && opposite.holds.isEmpty { return [] }
        var taken: Partly = []
        if edge.low.sendsClear && opposite.low.takesClear { taken.insert(.inClear) }
        // What an edge between two rungs does is not known, but what its policies send with is.
        let isShut = opposite.low == .closed && !countsRests
        if edge.sends.contains(where: { set in
            set != .none && edge.has(set) && (isShut ? opposite.holds.contains(set) : opposite.has(set))
        }) {
            taken.insert(.byESP)
        }
        return taken
    }

    /// What two opposite edges break, `nil` where nothing.
    public static func violation(_ here: EdgeState, _ there: EdgeState) -> Violation? {
        if here.high == .closed && there.high == .closed { return nil }
        for (edge, opposite) in [(here, there), (there, here)] where !delivers(edge, to: opposite) {
            if edge.high == .closed { continue }
            if opposite.high == .closed && opposite.holds.isEmpty { return .halfClosed }
            guard edge.high.sendsESP else { return .refusesClear }
            return opposite.low == .clear ? .sendsUnheard : .keysDiffer
        }
        return nil
    }
}

/// Two opposite edges as the coordinator sees them.
public struct Pair: Hashable, Sendable {
    /// Where the edge from the lower node number may stand: by read-back first, then by every order not yet answered.
    public var here: [EdgeState]
    /// Where the opposite edge may stand.
    public var there: [EdgeState]
    /// The fresh set of the rollout, `nil` before there is one.
    public var fresh: Generation?

    public init(here: [EdgeState], there: [EdgeState], fresh: Generation?) {
        self.here = here
        self.there = there
        self.fresh = fresh
    }

    /// Whether both edges are known to stand whole on a rung with the SAs of one and the same set.
    public var isSound: Bool {
        guard here.count == 1, there.count == 1, here[0].isWhole, there[0].isWhole else { return false }
        return !here[0].holds.isEmpty && here[0].holds == there[0].holds
    }

    /// The next place of each edge on the way to its aim, `nil` where it stays.
    ///
    /// Every place that it answers is safe while either edge has moved and the other has not, wherever they may stand.
    public func next(_ aimHere: Place?, _ aimThere: Place?) -> (here: Place?, there: Place?) {
        let ones = Self.ways(here, aimHere, fresh, toward: there)
        let others = Self.ways(there, aimThere, fresh, toward: here)
        // What is left of sets on closed edges is kept as long as there is another way.
        for countsRests in [true, false] {
            for one in ones {
                for other in others where isSafe(one, other, countsRests) { return (one, other) }
            }
            for one in ones where isSafe(one, nil, countsRests) { return (one, nil) }
            for other in others where isSafe(nil, other, countsRests) { return (nil, other) }
        }
        return (nil, nil)
    }

    private static func ways(
        _ states: [EdgeState], _ aim: Place?, _ fresh: Generation?, toward opposites: [EdgeState]
    ) -> [Place] {
        guard let aim, let state = states.first, let place = state.step(toward: aim, fresh) else { return [] }
        let canMake = fresh.map { !state.parts.contains($0) || state.holds.contains($0) } ?? true
        // A part of it is open, and the peer does not hold what the rest would open with: it closes again, with fresh keys.
        if state.high == .closed && state.low.sendsESP {
            if aim == Place(.enforce, .only) && canMake { return [place, Place(.closed, .only)] }
            // It cannot come down half closed.
            if aim.rung == .clear { return [place, Place(.closed)] }
        }
        // The peer may still send with what is left: the fresh keys stand beside it.
        if state.isBrokenAccept && place == Place(.accept, .only) { return [place, Place(.accept, .held)] }
        // One family sends and has lost an SA, the other has none: there is nothing to send with but what is left.
        if state.high == .send && state.low.sendsClear && state.holds.isEmpty {
            return place.rung.sendsESP ? [Place(.accept)] : [place, Place(.accept)]
        }
        // From closed with SAs the way down leads over the top, where the peer can hear it; else straight.
        if place.rung == .enforce && aim.rung == .clear { return [place, Place(.clear)] }
        // Closed with SAs that the peer sends with: it opens with them first.
        if state.low == .closed && !state.holds.isEmpty && place.rung != .enforce { return [place, Place(.enforce)] }
        // One family is closed and another is not: where the peer takes clear as well, they meet at accept.
        if state.isHalfClosed && opposites.allSatisfy(\.high.takesClear) {
            return [place, Place(.accept, place.keys)]
        }
        // Half of it refuses clear and the rest cannot be finished: it closes, and goes on from there.
        if state.low != state.high && state.high.isProtected && state.high != .closed {
            let canFinish = !(state.low.sendsClear && state.holds.isEmpty && place.rung.sendsESP)
            let ways = canFinish ? [place] : []
            if aim == Place(.enforce, .only) { return canMake ? ways + [Place(.closed, .only)] : ways }
            if aim.rung == .clear && state.low.sendsClear { return ways + [Place(.closed)] }
            if !canFinish { return [] }
        }
        // Where nothing is sent with the old SAs they go at once.
        if place == Place(.accept, .held) {
            // Where it cannot come down, the fresh keys go all the same: tries that fail must not heap them up.
            let back = state.low.sendsESP ? [Place(state.low)] : []
            return [Place(.accept, .only), place] + back
        }
        return [place]
    }

    private func isSafe(_ one: Place?, _ other: Place?, _ countsRests: Bool) -> Bool {
        let heres = here.map { Move(from: $0, to: one, fresh) }
        let theres = there.map { Move(from: $0, to: other, fresh) }
        return heres.allSatisfy { here in
            theres.allSatisfy { there in
                here.keepsDelivering(to: there, countsRests) && there.keepsDelivering(to: here, countsRests)
            }
        }
    }
}

/// One edge before and after a move, `after` being equal to `before` where it stays.
private struct Move {
    let before: EdgeState
    let after: EdgeState
    /// It closes on purpose: what it sends and what is sent to it is lost.
    let closes: Bool

    init(from before: EdgeState, to place: Place?, _ fresh: Generation?) {
        self.before = before
        after = place.map { before.moved(to: $0, fresh) } ?? before
        closes = place?.rung == .closed && (before.high != .closed || before.low.sendsESP)
    }

    /// Whether a move takes no delivery away from what this edge sends, nor begins to send ESP that is not taken,
    /// whichever of the two has moved.
    func keepsDelivering(to opposite: Move, _ countsRests: Bool) -> Bool {
        let isTaken = LadderRule.delivers(before, to: opposite.before)
        let partlyTaken = LadderRule.partlyTaken(before, by: opposite.before, countsRests: countsRests)
        let begins = after.high.sendsESP && (after.sends != before.sends || !before.high.sendsESP)
        func isKept(_ edge: EdgeState, _ isMoved: Bool, _ other: EdgeState, _ isOtherMoved: Bool) -> Bool {
            if (isMoved && closes) || (isOtherMoved && opposite.closes) { return true }
            // What was closed sent nothing: whatever of it is taken is a gain.
            let wasClosed = before.high == .closed
            if isTaken || (isMoved && begins && !wasClosed) { return LadderRule.delivers(edge, to: other) }
            let stillTaken = LadderRule.partlyTaken(edge, by: other, countsRests: countsRests)
            if isMoved && begins { return !stillTaken.isEmpty }
            return isMoved ? partlyTaken.isEmpty || !stillTaken.isEmpty : partlyTaken.isSubset(of: stillTaken)
        }
        return isKept(before, false, opposite.after, true) && isKept(after, true, opposite.before, false)
            && isKept(after, true, opposite.after, true)
    }
}

extension EdgeState {
    /// The next place on the way to an aim, `nil` where it stands there or there is no way.
    ///
    /// Up: SAs first, then what is sent, then what is refused, then the SAs that are not needed any more. Down: the
    /// mirror. A half-made change is finished or taken back first.
    func step(toward aim: Place, _ fresh: Generation?) -> Place? {
        let use = keys(fresh)
        // Fresh keys that have replaced all others are not given back: what is left of others cannot be sent with.
        let hasReplaced = use == .only || (use == .used && holds.count == 1)
        let aim = hasReplaced && aim.keys == .old ? Place(aim.rung, .only) : aim
        if isAt(aim, fresh) { return nil }
        if aim.rung == .closed { return Place(.closed) }
        // A key is made once: a set of which a part is gone is not completed.
        let canMake = fresh.map { holds.contains($0) || !parts.contains($0) } ?? true
        if high == .closed { return closedStep(toward: aim, use, canMake: canMake) }
        if isBrokenAccept {
            return aim.rung == .clear ? Place(.clear) : aim.keys == .only && canMake ? Place(.accept, .only) : nil
        }
        if low != high { return Place(min(max(aim.rung, low), high), use) }
        if aim.rung == .clear || low > aim.rung { return downStep(use) }
        if low == .clear { return aim.keys == .only ? Place(.accept, .only) : nil }
        if aim.keys == .only { return use == .old && !canMake ? nil : freshStep(toward: aim, use) }
        let hasKeys = fresh.map(hasOthers) ?? true
        return use == .old && low < aim.rung && !hasKeys ? nil : oldStep(toward: aim, use)
    }

    private func downStep(_ use: KeyUse) -> Place? {
        switch low.below {
        case .clear: Place(.clear)
        // Below `send` nothing is sent with SAs: those beside others are held.
        case .accept: Place(.accept, use == .used ? .held : use)
        case let rung?: Place(rung, use)
        case nil: nil
        }
    }

    private func closedStep(toward aim: Place, _ use: KeyUse, canMake: Bool) -> Place? {
        // A part of it has opened already: the rest follows, for the peer sends to it.
        if low.sendsESP && !holds.isEmpty { return Place(.enforce, use) }
        let opens = use != .old && low == .closed
        if aim.rung == .clear { return opens ? Place(.enforce, .only) : Place(.clear) }
        if aim.keys == .old { return use == .old ? nil : Place(.closed) }
        if opens { return Place(.enforce, .only) }
        return canMake ? Place(.closed, .only) : nil
    }

    private func freshStep(toward aim: Place, _ use: KeyUse) -> Place? {
        switch use {
        case .old: return Place(low, .held)
        case .held:
            if low.sendsESP { return Place(low, .used) }
            return aim.rung > .accept ? Place(.send, .used) : Place(.accept, .only)
        case .used: return low < aim.rung ? low.above.map { Place($0, .used) } : Place(low, .only)
        case .only: return low.above.map { Place($0, .only) }
        }
    }

    private func oldStep(toward aim: Place, _ use: KeyUse) -> Place? {
        switch use {
        case .used: return Place(low, .held)
        case .held: return Place(low, .old)
        case .old: return low < aim.rung ? low.above.map { Place($0) } : Place(low)
        case .only: return low.above.map { Place($0, .only) }
        }
    }
}
