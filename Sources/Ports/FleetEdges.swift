public import Fleet
public import Ladder

/// Every edge of the fleet at one moment, made one by one: a thousand nodes have a million.
public struct FleetEdges: Sendable {
    /// A node by its number and its name.
    public struct End: Hashable, Sendable {
        public var number: NodeNumber
        public var name: NodeName

        public init(number: NodeNumber, name: NodeName) {
            self.number = number
            self.name = name
        }
    }

    /// Ordered by number.
    public let nodes: [End]
    private let state: FleetState

    public init(nodes: [End], state: FleetState) {
        self.nodes = nodes
        self.state = state
    }

    /// The edge between two nodes by their names, `nil` where there is none.
    public func edge(from node: String, to peer: String) -> EdgeStatus? {
        guard node != peer, let own = nodes.first(where: { $0.name.text == node }),
            let other = nodes.first(where: { $0.name.text == peer })
        else { return nil }
        return edge(from: own, to: other)
    }

    public func edge(from node: End, to peer: End) -> EdgeStatus {
        let own = state.nodes[node.number]?.standing?.state(toward: peer.number)
        let opposite = state.nodes[peer.number]?.standing?.state(toward: node.number)
        return EdgeStatus(
            node: node.name, peer: peer.name, rung: own?.low, oppositeRung: opposite?.low,
            isWhole: own?.isWhole ?? false, sets: own.map { Array($0.holds) } ?? [])
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
