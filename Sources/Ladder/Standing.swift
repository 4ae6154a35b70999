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
