internal import Fleet

/// How long nodes take from their agent's first word to every edge protected.
struct Joins {
    private var began = NodeTable<Instant>()
    /// The last time of each node.
    private(set) var microseconds = NodeTable<UInt64>()

    /// A new process or a new kernel speaks for the node.
    mutating func begin(_ node: NodeNumber, at now: Instant) { began[node] = now }

    /// The node's edges are all protected.
    mutating func end(_ node: NodeNumber, at now: Instant) {
        guard let start = began.removeValue(forKey: node) else { return }
        microseconds[node] = now.microseconds(since: start)
    }

    /// The node is no member any more.
    mutating func forget(_ node: NodeNumber) {
        began[node] = nil
        microseconds[node] = nil
    }

    func isPending(_ node: NodeNumber) -> Bool { began[node] != nil }
    var pending: [NodeNumber] { Array(began.keys) }
}
