internal import Fleet

/// The name that a router gave to one connection: a zero byte and a counter, since agents choose none.
struct RoutingID: Equatable, Sendable {
    static let byteCount = 5

    private let counter: UInt32

    /// Fails on a name that the router did not give out.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes[0] == 0 else { return nil }
        counter = bytes.dropFirst().reduce(0) { $0 << 8 | UInt32($1) }
    }

    var bytes: [UInt8] {
        func byte(_ place: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: counter >> (8 * place)) }
        return [0, byte(3), byte(2), byte(1), byte(0)]
    }

    /// Whether the connection was made after the other one. The counter begins anywhere and wraps around.
    func isNewer(than other: RoutingID) -> Bool { Int32(bitPattern: counter &- other.counter) > 0 }
}

/// The newest connection of each node.
///
/// A connection that is gone stays in the table: a send to it says so, and only a newer one takes its place.
struct ConnectionTable {
    private var newest = NodeTable<RoutingID>()

    /// Notes where a message came from; false where the node has connected anew since.
    mutating func observe(_ id: RoutingID, of node: NodeNumber) -> Bool {
        guard let known = newest[node], known != id else {
            newest[node] = id
            return true
        }
        guard id.isNewer(than: known) else { return false }
        newest[node] = id
        return true
    }

    func connection(of node: NodeNumber) -> RoutingID? { newest[node] }
}
