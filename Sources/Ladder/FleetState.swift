public import Fleet

/// Where every edge of the fleet stands, and may stand: the aggregate of the nodes' newest reports and of the orders
/// that they have not answered yet.
///
/// Merging two states keeps the newer word of each node, so it is associative, commutative and idempotent: parts of a
/// fleet can be gathered in any order.
public struct FleetState: Hashable, Sendable {
    /// One node's newest word and what it may have done since.
    public struct NodeState: Hashable, Sendable {
        /// The newest report of the process that is running now; 0 before its first.
        public var sequence: UInt64 = 0
        /// The newest order that the node is known to have carried out.
        public var accepted = Stamp.none
        /// By read-back, `nil` before the first.
        public var standing: Standing?
        /// Orders sent and not known to be carried out or void, oldest first.
        public var pending: [Pending] = []
        /// A new process speaks for the node and has not read the kernel back yet.
        public var hasRestarted = false

        public init() {}
    }

    /// An order that a silent node may still carry out.
    public struct Pending: Hashable, Sendable {
        public var stamp: Stamp
        public var rule: EdgeRule
        /// The process that it was sent to is gone: it counts until the next read-back.
        public var isDead = false
    }

    public private(set) var nodes: [NodeNumber: NodeState] = [:]

    public init() {}

    /// A node said where it stands; an older word than the newest known changes nothing. Answers whether it was news.
    @discardableResult
    public mutating func note(
        _ node: NodeNumber, sequence: UInt64, accepted: Stamp?, standing: Standing?
    ) -> Bool {
        var state = nodes[node] ?? NodeState()
        guard sequence > state.sequence else { return false }
        state.sequence = sequence
        if let accepted, accepted > state.accepted || state.hasRestarted { state.accepted = accepted }
        if let standing {
            state.standing = standing
            let newest = state.accepted
            state.pending.removeAll { $0.isDead || $0.stamp <= newest }
            state.hasRestarted = false
        }
        nodes[node] = state
        return true
    }

    /// A sign of life: unlike a report, one without a standing says that the kernel cannot be read.
    public mutating func note(_ heartbeat: NodeHeartbeat, from node: NodeNumber) {
        let isNews = note(
            node, sequence: heartbeat.sequence, accepted: heartbeat.accepted, standing: heartbeat.standing)
        if isNews && heartbeat.standing == nil { forget(node) }
    }

    /// Nothing is known of where the node stands any more.
    public mutating func forget(_ node: NodeNumber) { nodes[node]?.standing = nil }

    /// An order to move was sent: until they answer, the nodes stand on its rungs as well.
    public mutating func ordered(_ rule: EdgeRule, stamp: Stamp, to targets: [NodeNumber]) {
        for node in targets {
            var state = nodes[node] ?? NodeState()
            if !state.pending.contains(where: { $0.stamp == stamp && !$0.isDead }) {
                state.pending.append(Pending(stamp: stamp, rule: rule))
            }
            nodes[node] = state
        }
    }

    /// A new agent process speaks for the node: its reports count from the start.
    public mutating func restarted(_ node: NodeNumber) {
        var state = nodes[node] ?? NodeState()
        state.sequence = 0
        state.hasRestarted = true
        for index in state.pending.indices { state.pending[index].isDead = true }
        nodes[node] = state
    }

    /// Keeps only these nodes.
    public mutating func restrict(to numbers: some Collection<NodeNumber>) {
        let kept = Set(numbers)
        nodes = nodes.filter { kept.contains($0.key) }
    }

    /// The newer word of each node.
    public func merged(with other: FleetState) -> FleetState {
        var result = self
        result.nodes.merge(other.nodes) { mine, theirs in
            (mine.accepted, mine.sequence) < (theirs.accepted, theirs.sequence) ? theirs : mine
        }
        return result
    }

    /// Where an edge may stand, `nil` where its node has never reported.
    public func rungs(_ edge: Edge) -> RungSet? {
        guard let state = nodes[edge.node], let standing = state.standing else { return nil }
        return state.pending.reduce(standing.state(toward: edge.peer).rungs) { rungs, pending in
            rungs.union(RungSet(pending.rule.rung(edge)))
        }
    }

    /// Whether both edges of a pair hold SAs from the same offers, by read-back.
    public func keysAgree(_ edge: Edge) -> Bool {
        guard let here = nodes[edge.node]?.standing?.state(toward: edge.peer),
            let there = nodes[edge.peer]?.standing?.state(toward: edge.node), let offers = here.offers
        else { return false }
        let haveSAs = [here, there].allSatisfy { $0.low >= .accept && $0.low != .closed }
        return haveSAs && there.offers == offers
    }

    /// Whether no edge among these nodes is known to carry or take clear traffic.
    ///
    /// The edges of an absent node count by its peers' read-back: what they neither send nor take in clear is protected.
    public func isProtected(among numbers: [NodeNumber], absent: Set<NodeNumber>) -> Bool {
        if isUniform(among: numbers), absent.isEmpty {
            return numbers.count < 2 || numbers.first.flatMap { nodes[$0]?.standing?.common.low.isProtected } ?? false
        }
        return numbers.allSatisfy { node in
            numbers.allSatisfy { peer in
                if node == peer { return true }
                let edge = Edge(node, peer)
                if absent.contains(node) { return !absent.contains(peer) && edgeIsProtected(edge.opposite) }
                return edgeIsProtected(edge)
            }
        }
    }

    private func edgeIsProtected(_ edge: Edge) -> Bool {
        rungs(edge)?.rungs.allSatisfy(\.isProtected) ?? false
    }

    /// Whether all these nodes have reported the same whole state for all edges and none has an order to answer:
    /// then one edge speaks for all.
    public func isUniform(among numbers: [NodeNumber]) -> Bool {
        guard let first = numbers.first, let common = nodes[first]?.standing?.common, common.low == common.high else {
            return false
        }
        return numbers.allSatisfy { number in
            guard let state = nodes[number], let standing = state.standing else { return false }
            return standing.common == common && standing.exceptions.isEmpty && state.pending.isEmpty
        }
    }
}
