public import Fleet

/// Where a rollout takes the edges: one rung for all, or other rungs for pairs that began elsewhere.
public struct Goal: Hashable, Sendable {
    public var base: Rung
    /// By the edge from the lower node number; it counts for both directions.
    public var pairs: [Edge: Rung]

    public init(_ base: Rung, pairs: [Edge: Rung] = [:]) {
        self.base = base
        self.pairs = pairs
    }

    public func rung(_ pair: Edge) -> Rung { pairs[pair] ?? base }
}

/// One order's worth of movement: every edge that moves in it moves one rung, in one direction, to the same rung.
public struct Stride: Hashable, Sendable {
    /// The rung that the moving edges go to.
    public var rung: Rung
    /// Every edge's rung, the ones that stay included.
    public var rule: EdgeRule
    /// The nodes that are told: all that answer and have an edge that the rule names.
    public var nodes: [NodeNumber]
    /// Clause 3 of the rule: packets in flight must arrive first.
    public var needsDrain: Bool
    /// Edges leave `clear` upward: fresh offers are needed.
    public var needsOffers: Bool
}

/// Finds the next stride from where the edges stand.
public struct StridePlanner {
    private let numbers: [NodeNumber]
    private let fleet: FleetState
    private let goal: Goal
    private let silent: Set<NodeNumber>

    /// - Parameter silent: nodes that are not told anything, because they do not answer.
    public init(numbers: [NodeNumber], fleet: FleetState, goal: Goal, silent: Set<NodeNumber>) {
        self.numbers = numbers.sorted()
        self.fleet = fleet
        self.goal = goal
        self.silent = silent
    }

    /// The next stride, `nil` where no edge can safely come nearer to its goal.
    ///
    /// Down comes before up, from the highest rung; up goes from the lowest: so phases are the same for all pairs, and
    /// no traffic moves before every edge is ready for it.
    public func next() -> Stride? {
        if isUniform { return uniform() }
        var moves: [Edge: Rung] = [:]
        var isDown: [Edge: Bool] = [:]
        for (pair, position) in positions() {
            let (here, there) = position.next(toward: goal.rung(pair))
            for (edge, rung, from) in [(pair, here, position.here), (pair.opposite, there, position.there)] {
                guard let rung else { continue }
                moves[edge] = rung
                isDown[edge] = RungSet(rung).rawValue < from.rawValue && from.highest.map { rung < $0 } ?? false
            }
        }
        let down = moves.filter { isDown[$0.key] ?? false }
        if let highest = down.values.max() { return stride(to: highest, moving: down.filter { $0.value == highest }) }
        guard let lowest = moves.values.min() else { return nil }
        return stride(to: lowest, moving: moves.filter { $0.value == lowest })
    }

    /// Whether every edge is known to stand on its goal.
    public func isReached() -> Bool {
        if goal.pairs.isEmpty, fleet.isUniform(among: numbers) {
            return numbers.count < 2 || fleet.nodes[numbers[0]]?.standing?.common.low == goal.base
        }
        return positions().allSatisfy { pair, position in
            let aim = RungSet(goal.rung(pair))
            return position.here == aim && position.there == aim
        }
    }

    /// Pairs that break the rule already, or that have a closed edge: no climb begins from there.
    public func broken() -> [Edge] {
        if fleet.isUniform(among: numbers), fleet.nodes[numbers[0]]?.standing?.common.low != .closed { return [] }
        return positions().filter { _, position in
            let isClosed = position.here.contains(RungSet(.closed)) || position.there.contains(RungSet(.closed))
            return isClosed || !LadderRule.holds(position.here, position.there, keysAgree: position.keysAgree)
        }.map(\.0)
    }

    /// Each pair once, by its edge from the lower number.
    public func positions() -> [(Edge, Pair)] {
        var result: [(Edge, Pair)] = []
        result.reserveCapacity(numbers.count * (numbers.count - 1) / 2)
        for (index, low) in numbers.enumerated() {
            for high in numbers[(index + 1)...] {
                let edge = Edge(low, high)
                // A node that has never reported may stand anywhere: nothing is safe with it, so nothing moves.
                let anywhere = RungSet(rawValue: 0b1111)
                let pair = Pair(
                    here: fleet.rungs(edge) ?? anywhere, there: fleet.rungs(edge.opposite) ?? anywhere,
                    keysAgree: fleet.keysAgree(edge), canMoveHere: !silent.contains(low),
                    canMoveThere: !silent.contains(high))
                result.append((edge, pair))
            }
        }
        return result
    }

    private var isUniform: Bool { silent.isEmpty && goal.pairs.isEmpty && fleet.isUniform(among: numbers) }

    /// All edges on one rung and bound for one: the mesh moves as a single pair would, in constant time a node.
    private func uniform() -> Stride? {
        guard numbers.count > 1, let common = fleet.nodes[numbers[0]]?.standing?.common else { return nil }
        let agree = common.low >= .accept && common.offers != nil
        let pair = Pair(here: common.rungs, there: common.rungs, keysAgree: agree)
        guard let rung = pair.next(toward: goal.base).here else { return nil }
        return Stride(
            rung: rung, rule: EdgeRule(base: rung), nodes: numbers, needsDrain: Self.needsDrain(rung),
            needsOffers: common.low == .clear)
    }

    private func stride(to rung: Rung, moving: [Edge: Rung]) -> Stride {
        let rule = compress(moving)
        let movers = Set(moving.keys.map(\.node))
        let leavesClear = moving.contains { edge, rung in
            rung == .accept && (fleet.rungs(edge)?.contains(RungSet(.clear)) ?? true)
        }
        return Stride(
            rung: rung, rule: rule, nodes: numbers.filter { movers.contains($0) }, needsDrain: Self.needsDrain(rung),
            needsOffers: leavesClear)
    }

    private static func needsDrain(_ rung: Rung) -> Bool { rung == .enforce || rung == .clear }

    /// The rule for all edges: the moving ones to their rung, the others where they stand.
    private func compress(_ moving: [Edge: Rung]) -> EdgeRule {
        var targets: [Edge: Rung] = [:]
        var counts: [Rung: Int] = [:]
        for (pair, position) in positions() {
            for (edge, rungs) in [(pair, position.here), (pair.opposite, position.there)] {
                let rung = moving[edge] ?? rungs.highest ?? .clear
                targets[edge] = rung
                counts[rung, default: 0] += 1
            }
        }
        let base = counts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key ?? .clear
        var rule = EdgeRule(base: base)
        for number in numbers {
            let edges = numbers.filter { $0 != number }.flatMap { [Edge(number, $0), Edge($0, number)] }
            let rungs = Set(edges.compactMap { targets[$0] })
            if rungs.count == 1, let rung = rungs.first, rung != base { rule.nodes[number] = rung }
        }
        for (edge, rung) in targets where rule.rung(edge) != rung { rule.edges[edge] = rung }
        return rule
    }
}
