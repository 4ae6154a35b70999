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
    public init(_ states: [(NodeNumber, EdgeState)]) {
        var counts: [(state: EdgeState, count: Int)] = []
        // A handful of different ones, and mostly the same one again.
        for (_, state) in states {
            if let place = counts.firstIndex(where: { $0.state == state }) {
                counts[place].count += 1
            } else if counts.count < Self.distinctMaximum {
                counts.append((state, 1))
            }
        }
        // Ties fall to the lowest state, so that equal maps compress to equal standings.
        let most = counts.max { left, right in
            left.count != right.count ? left.count < right.count : Self.order(right.state, left.state)
        }?.state
        let common = most ?? .clear
        self.init(
            common: common,
            exceptions: Dictionary(states.filter { $0.1 != common }, uniquingKeysWith: { first, _ in first }))
    }

    /// States that are not among the first so many are exceptions.
    private static let distinctMaximum = 64

    /// One edge stands elsewhere than before. The common state stays what it is.
    public mutating func set(_ state: EdgeState, toward peer: NodeNumber) {
        exceptions[peer] = state == common ? nil : state
    }

    public func state(toward peer: NodeNumber) -> EdgeState { exceptions[peer] ?? common }

    /// The lowest rung of any edge.
    public var lowest: Rung { exceptions.values.reduce(common.low) { min($0, $1.low) } }

    /// Whether every edge stands exactly there.
    func allAre(at place: Place, _ fresh: Generation?) -> Bool {
        common.isAt(place, fresh) && exceptions.values.allSatisfy { $0.isAt(place, fresh) }
    }

    private static func order(_ left: EdgeState, _ right: EdgeState) -> Bool {
        func rank(_ state: EdgeState) -> (UInt8, UInt8, String) {
            (state.low.rawValue, state.high.rawValue, state.description)
        }
        return rank(left) < rank(right)
    }
}

extension Standing: CustomStringConvertible {
    public var description: String {
        guard !exceptions.isEmpty else { return "all \(common)" }
        let parts = exceptions.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "all \(common), except \(parts.joined(separator: ", "))"
    }
}
