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
        public var fresh: Generation?
        /// The process that it was sent to is gone: it counts until the next read-back.
        public var isDead = false
    }

    public private(set) var nodes = NodeTable<NodeState>()

    public init() {}

    /// A node said where it stands; an older word than the newest known changes nothing. Answers whether it was news.
    @discardableResult
    public mutating func note(
        _ node: NodeNumber, sequence: UInt64, accepted: Stamp?, standing: Standing?
    ) -> Bool {
        nodes.change(node, default: NodeState()) {
            $0.note(sequence: sequence, accepted: accepted, standing: standing)
        }
    }

    /// A sign of life: unlike a report, one without a standing says that the kernel cannot be read.
    public mutating func note(_ heartbeat: NodeHeartbeat, from node: NodeNumber) {
        let isNews = note(
            node, sequence: heartbeat.sequence, accepted: heartbeat.accepted, standing: heartbeat.standing)
        if isNews && heartbeat.standing == nil { forget(node) }
    }

    /// Nothing is known of where the node stands any more.
    public mutating func forget(_ node: NodeNumber) { nodes.change(node) { $0.standing = nil } }

    /// The node's kernel was started anew: nothing that was ordered can have been carried out since.
    public mutating func rebooted(_ node: NodeNumber) {
        nodes.change(node) { state in
            state.standing = nil
            state.pending = []
        }
    }

    /// An order to move was sent: until they answer, the nodes stand on its places as well.
    public mutating func ordered(_ rule: EdgeRule, fresh: Generation?, stamp: Stamp, to targets: [NodeNumber]) {
        let order = Pending(stamp: stamp, rule: rule, fresh: fresh)
        for node in targets { nodes.change(node, default: NodeState()) { $0.note(order) } }
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
        var kept = NodeTable<NodeState>()
        for node in numbers { kept[node] = nodes[node] }
        nodes = kept
    }

    /// The newer word of each node.
    public func merged(with other: FleetState) -> FleetState {
        var result = self
        for (node, theirs) in other.nodes {
            if let mine = nodes[node], (mine.accepted, mine.sequence) >= (theirs.accepted, theirs.sequence) { continue }
            result.nodes[node] = theirs
        }
        return result
    }

    /// Where an edge may stand, by read-back first; empty where its node has never reported.
    public func states(_ edge: Edge) -> [EdgeState] {
        guard let node = nodes[edge.node], let standing = node.standing else { return [] }
        return Self.states(standing, node.pending, edge)
    }

    static func states(_ standing: Standing, _ pending: [Pending], _ edge: Edge) -> [EdgeState] {
        var states = [standing.state(toward: edge.peer)]
        for order in pending {
            guard let place = order.rule.place(edge) else { continue }
            // A later order is carried out from wherever an earlier one may have led.
            for state in states {
                let moved = state.moved(to: place, order.fresh)
                if !states.contains(moved) { states.append(moved) }
            }
        }
        return states
    }

    /// Whether the edges between absent nodes are protected. There is no peer to ask: their last words count, where they have any.
    public func isProtected(between absent: NodeSet) -> Bool {
        absent.count < 2 || absent.unordered.allSatisfy { isProtected($0, among: absent.unordered) }
    }

    /// Whether no edge from this node is known to carry or take clear traffic.
    public func isProtected(_ node: NodeNumber, among numbers: [NodeNumber]) -> Bool {
        nodes.look(node) { $0.isProtected(node, among: numbers) } ?? false
    }

    /// Whether every edge from this node to these peers, and none with an order to answer, stands at `enforce`.
    public func isEnforcing(_ node: NodeNumber, toward peers: some Collection<NodeNumber>) -> Bool {
        guard let state = nodes[node], let standing = state.standing, state.pending.isEmpty else { return false }
        if standing.exceptions.isEmpty && standing.common.low == .enforce { return true }
        return peers.allSatisfy { $0 == node || standing.state(toward: $0).low == .enforce }
    }

    /// Whether all these nodes have reported the same whole state for all edges and none has an order to answer:
    /// then one edge speaks for all.
    public func isUniform(among numbers: [NodeNumber]) -> Bool {
        guard let first = numbers.first, let common = nodes[first]?.standing?.common, common.isWhole else {
            return false
        }
        return numbers.allSatisfy { number in nodes.look(number) { $0.stands(everywhere: common) } ?? false }
    }
}

extension FleetState.NodeState {
    fileprivate mutating func note(sequence: UInt64, accepted: Stamp?, standing: Standing?) -> Bool {
        guard sequence > self.sequence else { return false }
        self.sequence = sequence
        if let accepted, accepted > self.accepted || hasRestarted { self.accepted = accepted }
        if let standing {
            self.standing = standing
            let newest = self.accepted
            pending.removeAll { $0.isDead || $0.stamp <= newest }
            hasRestarted = false
        }
        return true
    }

    fileprivate mutating func note(_ order: FleetState.Pending) {
        if !pending.contains(where: { $0.stamp == order.stamp && !$0.isDead }) { pending.append(order) }
    }

    /// Whether all its edges are known to stand in this one state.
    fileprivate func stands(everywhere common: EdgeState) -> Bool {
        pending.isEmpty && standing?.exceptions.isEmpty ?? false && standing?.common == common
    }

    fileprivate func isProtected(_ node: NodeNumber, among numbers: [NodeNumber]) -> Bool {
        guard let standing else { return false }
        if numbers.count < 2 { return true }
        let isStandingProtected = isStandingProtected(standing, among: numbers)
        guard isStandingProtected, !pending.isEmpty, !pending.allSatisfy({ $0.rule.isProtected }) else {
            return isStandingProtected
        }
        return numbers.allSatisfy { peer in
            peer == node
                || FleetState.states(standing, pending, Edge(node, peer)).allSatisfy(\.low.isProtected)
        }
    }

    private func isStandingProtected(_ standing: Standing, among numbers: [NodeNumber]) -> Bool {
        let isCommonProtected = standing.common.low.isProtected
        if standing.exceptions.isEmpty { return isCommonProtected }
        if isCommonProtected && standing.exceptions.values.allSatisfy(\.low.isProtected) { return true }
        // Every peer may be an exception; the common state then speaks for none.
        let excepted = numbers.filter { standing.exceptions[$0] != nil }
        let isCommonUsed = excepted.count < numbers.count - 1
        return (!isCommonUsed || isCommonProtected)
            && excepted.allSatisfy { standing.exceptions[$0]?.low.isProtected ?? false }
    }
}

extension EdgeRule {
    /// Whether wherever it puts an edge that edge is protected.
    fileprivate var isProtected: Bool {
        let places = [base] + from.values + toward.values + edges.values
        return places.allSatisfy { $0?.rung.isProtected ?? true }
    }
}
