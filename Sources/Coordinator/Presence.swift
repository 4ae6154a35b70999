internal import Fleet

/// Which nodes are heard from: a node is present from its first report until it has been silent too long.
struct Presence {
    /// Heartbeats that a node may miss before it counts as absent: one may be lost with its connection, the next may
    /// wait behind a reconnect.
    static let missedMaximum: UInt64 = 5

    /// How often nodes are heard: a second, and longer for fleets whose heartbeats alone would fill the bus.
    let heartbeatMilliseconds: UInt64
    private var heard = NodeTable<Instant>()

    /// - Parameter count: how many nodes there are.
    init(count: Int) { heartbeatMilliseconds = max(1_000, UInt64(count)) }

    /// Answers whether the node was absent until now.
    mutating func hear(_ node: NodeNumber, at now: Instant) -> Bool { heard.updateValue(now, forKey: node) == nil }

    /// The nodes that have just become absent.
    mutating func expire(at now: Instant) -> [NodeNumber] {
        let limit = Self.missedMaximum * heartbeatMilliseconds * 1_000
        let gone = heard.filter { now.microseconds(since: $0.value) > limit }.map(\.key)
        for node in gone { heard[node] = nil }
        return gone
    }

    /// The node is no member any more.
    mutating func forget(_ node: NodeNumber) { heard[node] = nil }

    func isPresent(_ node: NodeNumber) -> Bool { heard[node] != nil }
    var count: Int { heard.count }
}
