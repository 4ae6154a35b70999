public import Fleet

/// Where all edges of one node stand: one state for all of them, plus exceptions, so that a report stays small
/// however large the mesh.
public struct Standing: Hashable, Sendable {
    public var common: EdgeState
    /// Edges toward these peers stand elsewhere.
    public var exceptions: [NodeNumber: EdgeState]

    public init(common: EdgeState, exceptions: [NodeNumber: EdgeState] = [:]) {
        self.common = common
        self.exceptions = exceptions
    }

    /// Compresses one state a peer; a node without peers stands at `clear`.
    public init(_ states: [NodeNumber: EdgeState]) {
        var counts: [EdgeState: Int] = [:]
        for state in states.values { counts[state, default: 0] += 1 }
        // Ties fall to the lowest state, so that equal maps compress to equal standings.
        let common = counts.max { left, right in
            left.value != right.value ? left.value < right.value : Self.order(right.key, left.key)
        }
        self.common = common?.key ?? .clear
        exceptions = states.filter { $0.value != common?.key }
    }

    public func state(toward peer: NodeNumber) -> EdgeState { exceptions[peer] ?? common }

    /// The lowest rung of any edge.
    public var lowest: Rung { exceptions.values.reduce(common.low) { min($0, $1.low) } }

    private static func order(_ left: EdgeState, _ right: EdgeState) -> Bool {
        (left.low.rawValue, left.high.rawValue, left.offers?.rawValue ?? 0)
            < (right.low.rawValue, right.high.rawValue, right.offers?.rawValue ?? 0)
    }
}

extension Standing: CustomStringConvertible {
    public var description: String {
        guard !exceptions.isEmpty else { return "all \(common)" }
        let parts = exceptions.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "all \(common), except \(parts.joined(separator: ", "))"
    }
}

/// Which rung each edge of the fleet is to stand on: a rule with exceptions, the same bytes for every node.
public struct EdgeRule: Hashable, Sendable {
    public var base: Rung
    /// All edges from and toward these nodes; between two of them the lower rung.
    public var nodes: [NodeNumber: Rung]
    /// Single edges; they outrank the other two.
    public var edges: [Edge: Rung]

    public init(base: Rung, nodes: [NodeNumber: Rung] = [:], edges: [Edge: Rung] = [:]) {
        self.base = base
        self.nodes = nodes
        self.edges = edges
    }

    public func rung(_ edge: Edge) -> Rung {
        if let rung = edges[edge] { return rung }
        switch (nodes[edge.node], nodes[edge.peer]) {
        case (nil, nil): return base
        case (let one?, nil), (nil, let one?): return one
        case (let one?, let other?): return min(one, other)
        }
    }
}

extension EdgeRule: CustomStringConvertible {
    public var description: String {
        let parts =
            nodes.sorted { $0.key < $1.key }.map { "with \($0.key): \($0.value)" }
            + edges.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return parts.isEmpty ? "all \(base)" : "all \(base), except \(parts.joined(separator: ", "))"
    }
}
