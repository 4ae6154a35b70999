public import Fleet

/// Where an order puts an edge: a rung, and with which keys.
public struct Place: Hashable, Sendable {
    public var rung: Rung
    /// Seen from the order's fresh set; an order without one leaves the SAs as they are.
    public var keys: KeyUse

    public init(_ rung: Rung, _ keys: KeyUse = .old) {
        self.rung = rung
        self.keys = keys
    }
}

extension Place: CustomStringConvertible {
    public var description: String {
        switch keys {
        case .old: "\(rung)"
        case .held: "\(rung) holding"
        case .used: "\(rung) using"
        case .only: "\(rung) fresh"
        }
    }
}

/// Which place each edge of the fleet is to have: a rule with exceptions, the same bytes for every node.
///
/// `nil` leaves an edge untouched.
public struct EdgeRule: Hashable, Sendable {
    public var base: Place?
    /// All edges from these nodes.
    public var from: [NodeNumber: Place?]
    /// All edges toward these nodes, but for those that `from` names.
    public var toward: [NodeNumber: Place?]
    /// Single edges; they outrank the others.
    public var edges: [Edge: Place?]

    public init(
        base: Place?, from: [NodeNumber: Place?] = [:], toward: [NodeNumber: Place?] = [:], edges: [Edge: Place?] = [:]
    ) {
        self.base = base
        self.from = from
        self.toward = toward
        self.edges = edges
    }

    /// Whether it treats all edges alike.
    public var isUniform: Bool { from.isEmpty && toward.isEmpty && edges.isEmpty }

    /// The peers to which edges of these nodes may move; a node that may have most of its edges moved is not named.
    public func peers(of nodes: [NodeNumber]) -> [NodeNumber: Set<NodeNumber>] {
        if base != nil { return [:] }
        let toward = Set(toward.filter { $0.value != nil }.keys)
        var peers = Dictionary(
            uniqueKeysWithValues: nodes.filter { (from[$0] ?? nil) == nil }.map { ($0, toward.subtracting([$0])) })
        for (edge, place) in edges where place != nil { peers[edge.node]?.insert(edge.peer) }
        return peers
    }

    public func place(_ edge: Edge) -> Place? {
        if let place = edges[edge] { return place }
        if let place = from[edge.node] { return place }
        if let place = toward[edge.peer] { return place }
        return base
    }

    /// Where this node's edges toward these peers are to go; one that is to stay is not named.
    public func places(from node: NodeNumber, toward peers: Set<NodeNumber>) -> [NodeNumber: Place] {
        var places: [NodeNumber: Place] = [:]
        for peer in self.peers(of: [node])[node].map(peers.intersection) ?? peers {
            places[peer] = place(Edge(node, peer))
        }
        return places
    }

    /// The shortest rule for these moves of these nodes: what most edges do is the base, then whole nodes, then single
    /// edges. Edges that are not named stay.
    public init(moving moves: [Edge: Place], among numbers: [NodeNumber]) {
        let edgeCount = numbers.count * (numbers.count - 1)
        var counts: [Place: Int] = [:]
        for place in moves.values { counts[place, default: 0] += 1 }
        let most = counts.max { ($0.value, $1.key.order) < ($1.value, $0.key.order) }
        let isMost = (most?.value ?? 0) * 2 > edgeCount
        self.init(base: isMost ? most?.key : nil)
        nameNodes(moves, numbers)
        // Without a base, edges that do not move need no word.
        if base == nil {
            for (edge, wanted) in moves where place(edge) != wanted { edges[edge] = .some(wanted) }
        } else {
            for node in numbers {
                for peer in numbers where peer != node {
                    let edge = Edge(node, peer)
                    let wanted = moves[edge]
                    if place(edge) != wanted { edges[edge] = .some(wanted) }
                }
            }
        }
    }

    /// Names nodes all of whose edges, or all edges toward which, do the same and not what most do.
    private mutating func nameNodes(_ moves: [Edge: Place], _ numbers: [NodeNumber]) {
        // A line is looked at only where all of it moves, or where what does not move needs a word.
        func mayBeNamed(_ count: Int?, of whole: Int) -> Bool { count ?? 0 == whole || (base != nil && count == nil) }
        var counts: [NodeNumber: Int] = [:]
        for edge in moves.keys { counts[edge.node, default: 0] += 1 }
        for node in numbers where mayBeNamed(counts[node], of: numbers.count - 1) {
            let line = numbers.filter { $0 != node }.map { moves[Edge(node, $0)] }
            if let place = Self.only(line), place != base { from[node] = .some(place) }
        }
        // What whole nodes do is said already, wherever their edges lead.
        let others = numbers.filter { from[$0] == nil }
        counts = [:]
        for edge in moves.keys where from[edge.node] == nil { counts[edge.peer, default: 0] += 1 }
        for node in numbers {
            let rows = others.count - (from[node] == nil ? 1 : 0)
            guard mayBeNamed(counts[node], of: rows), rows > 1 || from.isEmpty else { continue }
            let line = others.filter { $0 != node }.map { moves[Edge($0, node)] }
            if let place = Self.only(line), place != base { toward[node] = .some(place) }
        }
    }

    /// The element that all are equal to, as an optional of what an element is.
    private static func only(_ line: [Place?]) -> Place?? {
        guard let first = line.first, line.allSatisfy({ $0 == first }) else { return nil }
        return .some(first)
    }
}

extension Place {
    /// Some fixed order, so that equal moves compress to equal rules.
    fileprivate var order: Int { Int(rung.rawValue) * 4 + Int(keys.rawValue) }
}

extension EdgeRule: CustomStringConvertible {
    public var description: String {
        func text(_ place: Place?) -> String { place.map(\.description) ?? "as it is" }
        let parts =
            from.sorted { $0.key < $1.key }.map { "from \($0.key): \(text($0.value))" }
            + toward.sorted { $0.key < $1.key }.map { "to \($0.key): \(text($0.value))" }
            + edges.sorted { $0.key < $1.key }.map { "\($0.key): \(text($0.value))" }
        let all = base.map { "all \($0)" }
        guard !parts.isEmpty else { return all ?? "nothing" }
        return (all.map { "\($0), except " } ?? "") + parts.joined(separator: ", ")
    }
}
