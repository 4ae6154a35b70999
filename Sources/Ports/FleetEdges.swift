public import Fleet
public import Ladder

/// Every edge of the fleet at one moment, made one by one: a thousand nodes have a million.
public struct FleetEdges: Sequence, Sendable {
    /// Ordered by number.
    public var nodes: [(number: NodeNumber, name: NodeName)]
    private let state: FleetState

    public init(nodes: [(number: NodeNumber, name: NodeName)], state: FleetState) {
        self.nodes = nodes
        self.state = state
    }

    public func makeIterator() -> some IteratorProtocol<EdgeStatus> {
        nodes.lazy.flatMap { node in nodes.lazy.filter { $0.number != node.number }.map { edge(from: node, to: $0) } }
            .makeIterator()
    }

    private func edge(
        from node: (number: NodeNumber, name: NodeName), to peer: (number: NodeNumber, name: NodeName)
    ) -> EdgeStatus {
        let own = state.nodes[node.number]?.standing?.state(toward: peer.number)
        let opposite = state.nodes[peer.number]?.standing?.state(toward: node.number)
        return EdgeStatus(
            node: node.name, peer: peer.name, rung: own?.low, oppositeRung: opposite?.low,
            isWhole: own?.isWhole ?? false, sets: own?.holds ?? [])
    }
}

/// Where one edge stands, by its node's last read-back.
public struct EdgeStatus: Hashable, Sendable {
    public var node: NodeName
    public var peer: NodeName
    /// What both address families have reached; `nil` before the node's first report.
    public var rung: Rung?
    /// The same of the edge from the peer.
    public var oppositeRung: Rung?
    /// Whether it stands on one rung with one set of SAs.
    public var isWhole: Bool
    /// The offer sets whose SAs it holds, ascending.
    public var sets: [Generation]

    public init(
        node: NodeName, peer: NodeName, rung: Rung?, oppositeRung: Rung?, isWhole: Bool, sets: [Generation]
    ) {
        self.node = node
        self.peer = peer
        self.rung = rung
        self.oppositeRung = oppositeRung
        self.isWhole = isWhole
        self.sets = sets
    }
}
