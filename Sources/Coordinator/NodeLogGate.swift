internal import Fleet

/// Lets what one node says into the log once in a while, so that no node can fill it.
struct NodeLogGate {
    /// What is logged on a node's word alone.
    enum Subject: Hashable {
        case hello, reboot, problems, newerGeneration, impossibleGeneration, otherProtocol
    }

    private struct Key: Hashable {
        var node: NodeNumber
        var subject: Subject
    }

    /// As often as an operator would read it.
    static let intervalMilliseconds: UInt64 = 10_000

    private var opens: [Key: Instant] = [:]

    /// Whether this may be logged now; what may not is in the status all the same.
    mutating func pass(_ subject: Subject, of node: NodeNumber, at now: Instant) -> Bool {
        let key = Key(node: node, subject: subject)
        if let moment = opens[key], now < moment { return false }
        opens[key] = now.advanced(byMilliseconds: Self.intervalMilliseconds)
        return true
    }

    /// The node is no member any more.
    mutating func forget(_ node: NodeNumber) { opens = opens.filter { $0.key.node != node } }
}
