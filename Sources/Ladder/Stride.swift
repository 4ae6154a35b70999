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

/// Finds the next stride from where the edges stand.
public struct StridePlanner {
    private let numbers: [NodeNumber]
    private let fleet: FleetState
    private let goal: Goal
    private let fresh: Generation?
    private let silent: Set<NodeNumber>
    private let absent: Set<NodeNumber>

    /// - Parameters:
    ///   - fresh: the offer set of this rollout, which names what is fresh.
    ///   - silent: nodes that are not told anything, because they do not answer.
    ///   - absent: nodes that were silent before it began; see ``Goal/absent-swift.property``.
    public init(
        numbers: [NodeNumber], fleet: FleetState, goal: Goal, fresh: Generation?, silent: Set<NodeNumber>,
        absent: Set<NodeNumber> = []
    ) {
        self.numbers = numbers.sorted()
        self.fleet = fleet
        self.goal = goal
        self.fresh = fresh
        self.silent = silent.union(absent)
        self.absent = absent
    }

    /// The next stride, `nil` where no edge can safely come nearer to its goal.
    ///
    /// Down comes before up, from the highest rung; up goes from the lowest: so phases are the same for all pairs, and
    /// no traffic moves before every edge is ready for it.
    public func next() -> Stride? {
        if let uniform { return stride(uniform: uniform) }
        var best: Stride.Phase?
        var moves: [Edge: Place] = [:]
        var needsDrain = false
        for position in positions() where !isAtGoal(position) {
            let next = position.pair.next(aim(position, .here), aim(position, .there))
            for (edge, place, states) in [
                (position.edge, next.here, position.pair.here),
                (position.edge.opposite, next.there, position.pair.there),
            ] {
                guard let place, let state = states.first else { continue }
                let phase = Self.phase(from: state, to: place, fresh)
                if let found = best, phase > found { continue }
                if phase != best {
                    best = phase
                    moves = [:]
                    needsDrain = false
                }
                moves[edge] = place
                if Self.needsDrain(from: state, to: place, fresh) { needsDrain = true }
            }
        }
        guard let best else { return nil }
        let movers = Set(moves.keys.map(\.node))
        let ends = movers.union(moves.keys.map(\.peer)).subtracting(absent)
        return Stride(
            phase: best, rule: EdgeRule(moving: moves, among: numbers), nodes: numbers.filter { movers.contains($0) },
            needsDrain: needsDrain, makesAssociations: best == .hold, ends: ends.sorted())
    }

    /// Whether every edge is known to stand where the goal has it, those of absent nodes aside.
    public func isReached() -> Bool {
        if let uniform { return Position(uniform, numbers, fresh).map(isAtGoal) ?? true }
        return positions().allSatisfy(isAtGoal)
    }

    /// Whether all that is left is to remove SAs that nothing is sent with.
    public func needsOnlyCleaning() -> Bool {
        positions().allSatisfy { position in
            if isAtGoal(position) { return true }
            let pair = position.pair
            guard let here = pair.here.first, let there = pair.there.first else { return false }
            let next = pair.next(aim(position, .here), aim(position, .there))
            let moves = [(here, next.here), (there, next.there)].compactMap { state, place in place.map { (state, $0) }
            }
            return !moves.isEmpty
                && moves.allSatisfy { state, place in
                    let phase = Self.phase(from: state, to: place, fresh)
                    return phase == .drop || (phase == .lower(.clear) && state.high != .closed)
                }
        }
    }

    /// Pairs that are not at the goal, by their edge from the lower node number.
    public func open() -> [Edge] {
        if let uniform { return isReached() ? [] : Position(uniform, numbers, fresh).map { [$0.edge] } ?? [] }
        return positions().filter { !isAtGoal($0) }.map(\.edge)
    }

    /// Two opposite edges and which they are.
    struct Position {
        /// From the lower node number.
        var edge: Edge
        var pair: Pair
    }

    /// Each pair once.
    func positions() -> some Sequence<Position> {
        numbers.indices.lazy.flatMap { row in
            numbers[(row + 1)...].lazy.map { high in
                let edge = Edge(numbers[row], high)
                let pair = Pair(here: fleet.states(edge), there: fleet.states(edge.opposite), fresh: fresh)
                return Position(edge: edge, pair: pair)
            }
        }
    }

    private enum Side { case here, there }

    /// Where one edge of a pair is to go, `nil` where it stays.
    private func aim(_ position: Position, _ side: Side) -> Place? {
        guard let rung = goal.rung(position.edge) else { return nil }
        let (node, peer) =
            side == .here ? (position.edge.node, position.edge.peer) : (position.edge.peer, position.edge.node)
        if silent.contains(node) { return nil }
        if absent.contains(peer) {
            switch goal.absent {
            case .stay: return nil
            case .close: return Place(.closed)
            case .reopen: return rung == .clear ? Place(.clear) : nil
            }
        }
        // Of a node that has never reported nothing is known: nothing is safe with it.
        if position.pair.here.isEmpty || position.pair.there.isEmpty { return nil }
        return goal.aim(rung, position.pair)
    }

    private func isAtGoal(_ position: Position) -> Bool {
        guard let rung = goal.rung(position.edge) else { return true }
        let edge = position.edge
        let pair = position.pair
        let isHereAbsent = absent.contains(edge.node)
        let isThereAbsent = absent.contains(edge.peer)
        if isHereAbsent || isThereAbsent {
            if isHereAbsent && isThereAbsent { return true }
            let states = isHereAbsent ? pair.there : pair.here
            switch goal.absent {
            case .stay: return true
            case .close:
                return !states.isEmpty && states.allSatisfy { $0.isAt(Place(.closed), nil) && $0.holds.isEmpty }
            case .reopen: return rung != .clear || !states.contains { $0.high == .closed }
            }
        }
        let aim = goal.aim(rung, pair)
        return [pair.here, pair.there].allSatisfy { states in
            !states.isEmpty && states.allSatisfy { $0.step(toward: aim, fresh) == nil && $0.isAt(rung) }
        }
    }

    /// All edges on one rung and bound for one: the mesh moves as a single pair would, in constant time a node.
    private var uniform: EdgeState? {
        guard numbers.count > 1, silent.isEmpty, goal.pairs.isEmpty, fleet.isUniform(among: numbers) else { return nil }
        return fleet.nodes[numbers[0]]?.standing?.common
    }

    private func stride(uniform state: EdgeState) -> Stride? {
        guard let position = Position(state, numbers, fresh), !isAtGoal(position),
            let place = position.pair.next(aim(position, .here), aim(position, .there)).here
        else { return nil }
        let phase = Self.phase(from: state, to: place, fresh)
        return Stride(
            phase: phase, rule: EdgeRule(base: place), nodes: numbers,
            needsDrain: Self.needsDrain(from: state, to: place, fresh), makesAssociations: phase == .hold,
            ends: numbers)
    }

    private static func phase(from state: EdgeState, to place: Place, _ fresh: Generation?) -> Stride.Phase {
        let use = state.keys(fresh)
        if place.rung == .closed { return place.keys == .old ? (use == .old ? .enforce : .drop) : .hold }
        if state.high == .closed { return place.rung == .clear ? .lower(.clear) : .send }
        if place.rung < state.high { return .lower(place.rung) }
        if place.rung > state.low {
            switch place.rung {
            case .accept: return .hold
            case .send: return .send
            case .clear, .enforce, .closed: return .enforce
            }
        }
        switch (use, place.keys) {
        case (.old, .held), (.old, .only): return .hold
        case (_, .used): return .send
        // Back to other keys, before anything is removed.
        case (.used, .held), (.only, .held): return .lower(place.rung)
        default: return .drop
        }
    }

    /// Clear is refused, or SAs go that something in flight may have been sent with; closing waits for nothing.
    private static func needsDrain(from state: EdgeState, to place: Place, _ fresh: Generation?) -> Bool {
        if place.rung == .closed || state.high == .closed { return false }
        let after = state.moved(to: place, fresh)
        let losesSets = !Set(state.holds + state.parts).isSubset(of: after.holds + after.parts)
        return losesSets || (state.low.takesClear && !after.low.takesClear)
    }
}

extension StridePlanner.Position {
    /// The one pair that stands for all of a uniform fleet.
    fileprivate init?(_ state: EdgeState, _ numbers: [NodeNumber], _ fresh: Generation?) {
        guard numbers.count > 1 else { return nil }
        edge = Edge(numbers[0], numbers[1])
        pair = Pair(here: [state], there: [state], fresh: fresh)
    }
}

extension EdgeState {
    /// Whether the edge stands whole on this rung.
    fileprivate func isAt(_ rung: Rung) -> Bool { low == rung && high == rung }
}
