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

    public func place(_ edge: Edge) -> Place? {
        if let place = edges[edge] { return place }
        if let place = from[edge.node] { return place }
        if let place = toward[edge.peer] { return place }
        return base
    }

    /// The shortest rule for these moves of these nodes: what most edges do is the base, then whole nodes, then single
    /// edges. Edges that are not named stay.
    public init(moving moves: [Edge: Place], among numbers: [NodeNumber]) {
        let count = numbers.count
        let index = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
        var places = [Place?](repeating: nil, count: count * count)
        var counts: [Place: Int] = [:]
        for (edge, place) in moves {
            guard let row = index[edge.node], let column = index[edge.peer] else { continue }
            places[row * count + column] = place
            counts[place, default: 0] += 1
        }
        let most = counts.max { ($0.value, $1.key.order) < ($1.value, $0.key.order) }
        let isMost = (most?.value ?? 0) * 2 > count * (count - 1)
        self.init(base: isMost ? most?.key : nil)
        for (row, number) in numbers.enumerated() {
            let line = (0..<count).filter { $0 != row }.map { places[row * count + $0] }
            if let place = Self.only(line), place != base { from[number] = .some(place) }
        }
        for (column, number) in numbers.enumerated() {
            let line = (0..<count).filter { $0 != column && from[numbers[$0]] == nil }
                .map { places[$0 * count + column] }
            if line.count > 1 || from.isEmpty, let place = Self.only(line), place != base {
                toward[number] = .some(place)
            }
        }
        for (row, node) in numbers.enumerated() {
            for (column, peer) in numbers.enumerated() where row != column {
                let edge = Edge(node, peer)
                let wanted = places[row * count + column]
                if place(edge) != wanted { edges[edge] = .some(wanted) }
            }
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
