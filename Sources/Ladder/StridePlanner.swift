public import Fleet

/// Finds the next stride from where the edges stand.
public struct StridePlanner {
    private let numbers: [NodeNumber]
    private let fleet: FleetState
    fileprivate let goal: Goal
    private let fresh: Generation?
    fileprivate let silent: Set<NodeNumber>
    fileprivate let absent: Set<NodeNumber>
    /// Where all edges stand, where they stand alike and are bound for one rung: the mesh then moves as a single pair would.
    private let uniform: EdgeState?

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
        let isUniform =
            numbers.count > 1 && self.silent.isEmpty && goal.pairs.isEmpty && fleet.isUniform(among: self.numbers)
        uniform = isUniform ? fleet.nodes[self.numbers[0]]?.standing?.common : nil
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
        var known = KnownKinds()
        for position in openPositions() {
            let (isAtGoal, next) = known.look(at: position, in: self)
            if isAtGoal { continue }
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
        var known = KnownKinds()
        return openPositions().allSatisfy { known.look(at: $0, in: self).isAtGoal }
    }

    /// Whether all that is left is to remove SAs that nothing is sent with.
    public func needsOnlyCleaning() -> Bool {
        var known = KnownKinds()
        return openPositions().allSatisfy { position in
            let (isAtGoal, next) = known.look(at: position, in: self)
            if isAtGoal { return true }
            let pair = position.pair
            guard let here = pair.here.first, let there = pair.there.first else { return false }
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
        var known = KnownKinds()
        return openPositions().filter { !known.look(at: $0, in: self).isAtGoal }.map(\.edge)
    }

    /// Two opposite edges and which they are.
    struct Position {
        /// From the lower node number.
        var edge: Edge
        var pair: Pair
    }

    /// Whether a pair stands where most do, only with keys of its own: so does every pair of a node that came back.
    private func isSettled(_ state: EdgeState, _ edge: Edge, like common: EdgeState) -> Bool {
        guard let opposite = fleet.nodes[edge.peer]?.standing?.state(toward: edge.node), state == opposite,
            state.isWhole, common.isWhole, state.low == common.low, let set = state.holds.first
        else { return false }
        return goal.freshness != .everywhere && set != fresh && set >= goal.oldest
    }

    private func allPositions() -> [Position] {
        numbers.indices.flatMap { row in numbers[(row + 1)...].map { position(Edge(numbers[row], $0)) } }
    }

    private func position(_ edge: Edge) -> Position {
        Position(
            edge: edge, pair: Pair(here: fleet.states(edge), there: fleet.states(edge.opposite), fresh: fresh))
    }

    /// Pairs that may not be at the goal: all but those between two nodes whose edges mostly stand where they are bound
    /// for, where neither names the other as an exception.
    private func openPositions() -> [Position] { differing().positions }

    /// The state of all pairs but these; `nil` where these are all.
    func differing() -> (common: EdgeState?, positions: [Position]) {
        guard let (common, settled) = settledNodes() else { return (nil, allPositions()) }
        let members = Set(numbers)
        var pairs: Set<Edge> = Set(goal.pairs.keys)
        for node in numbers {
            if !settled.contains(node) {
                for peer in numbers where peer != node { pairs.insert(Edge(min(node, peer), max(node, peer))) }
            } else {
                for (peer, state) in fleet.nodes[node]?.standing?.exceptions ?? [:] where members.contains(peer) {
                    if settled.contains(peer), isSettled(state, Edge(node, peer), like: common) { continue }
                    pairs.insert(Edge(min(node, peer), max(node, peer)))
                }
            }
        }
        return (common, pairs.sorted().map(position))
    }

    fileprivate func answer(_ position: Position) -> (isAtGoal: Bool, next: (here: Place?, there: Place?)) {
        if isAtGoal(position) { return (true, (nil, nil)) }
        return (false, position.pair.next(aim(position, .here), aim(position, .there)))
    }

    /// The nodes whose common state is the fleet's most common one and at the goal; `nil` where that is not so of most.
    private func settledNodes() -> (common: EdgeState, nodes: Set<NodeNumber>)? {
        var counts: [EdgeState: [NodeNumber]] = [:]
        for node in numbers where !silent.contains(node) {
            guard let state = fleet.nodes[node], state.pending.isEmpty, let standing = state.standing else { continue }
            counts[standing.common, default: []].append(node)
        }
        guard let (common, nodes) = counts.max(by: { $0.value.count < $1.value.count }),
            nodes.count * 2 > numbers.count, let pair = Position(common, numbers, fresh),
            goal.base.map({ isAtGoal(pair.pair, $0) }) ?? true
        else { return nil }
        return (common, Set(nodes))
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
        return isAtGoal(pair, rung)
    }

    private func isAtGoal(_ pair: Pair, _ rung: Rung) -> Bool {
        let aim = goal.aim(rung, pair)
        func isThere(_ states: [EdgeState]) -> Bool {
            !states.isEmpty && states.allSatisfy { $0.step(toward: aim, fresh) == nil && $0.isAt(rung) }
        }
        return isThere(pair.here) && isThere(pair.there)
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
        if state.high == .closed {
            // With SAs that the peer sends with already it opens before anything else.
            if place.keys == .old { return .lower(place.rung) }
            return place.rung.sendsESP ? .send : .hold
        }
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

/// What pairs of a kind do next, worked out once: of a node that comes back all edges stand alike.
private struct KnownKinds {
    /// All that a pair's next move depends on.
    private struct Kind: Equatable {
        var pair: Pair
        var rung: Rung?
        var isSilent: [Bool]
        var isAbsent: [Bool]
    }

    typealias Answer = (isAtGoal: Bool, next: (here: Place?, there: Place?))

    /// More kinds are not worth the search.
    private static let maximum = 16

    private var kinds: [(kind: Kind, answer: Answer)] = []

    mutating func look(at position: StridePlanner.Position, in planner: StridePlanner) -> Answer {
        let ends = [position.edge.node, position.edge.peer]
        let kind = Kind(
            pair: position.pair, rung: planner.goal.rung(position.edge), isSilent: ends.map(planner.silent.contains),
            isAbsent: ends.map(planner.absent.contains))
        if let known = kinds.first(where: { $0.kind == kind }) { return known.answer }
        let answer = planner.answer(position)
        if kinds.count < Self.maximum { kinds.append((kind, answer)) }
        return answer
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
