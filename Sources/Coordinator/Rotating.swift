internal import Fleet

/// When keys are changed without a call, and how long to wait after a try, whatever became of it.
struct Rotating {
    /// Why a rotation is due.
    enum Cause: Hashable {
        /// An SA has sent as many packets as the configuration allows.
        case packets
        /// The keys are as old as the configuration allows.
        case age
    }

    /// The first pause after a try, also after one that succeeded: what a node says of its SAs may not keep the fleet busy.
    static let pauseMilliseconds: UInt64 = 10_000
    /// The longest pause: in so long an SA sends 2³¹ packets only at 3.5 million a second, which no processor encrypts.
    static let pauseMillisecondsMaximum: UInt64 = 600_000
    /// A try after so long is the first of another row.
    static let rowMilliseconds = 2 * pauseMillisecondsMaximum

    let rotation: FleetConfiguration.Rotation
    private(set) var backoff = Backoff(
        firstMilliseconds: Rotating.pauseMilliseconds, longestMilliseconds: Rotating.pauseMillisecondsMaximum)
    private var lastTry: Instant?
    /// The last rotation's end, or this process's beginning.
    private var lastSuccess = Instant(microseconds: 0)
    /// Nodes one of whose SAs has sent as many packets as the configuration allows.
    private var worn: Set<NodeNumber> = []
    /// Sentences on what stood in the way of the last try, by node.
    private(set) var hindrances: [NodeNumber: [String]] = [:]

    init(_ rotation: FleetConfiguration.Rotation) { self.rotation = rotation }

    mutating func begin(at now: Instant) { lastSuccess = now }

    /// - Parameter count: the most packets that any SA of the node has sent.
    mutating func note(_ count: UInt64, sentBy node: NodeNumber) {
        if count >= rotation.packets { worn.insert(node) } else { worn.remove(node) }
    }

    /// The node is no member any more.
    mutating func forget(_ node: NodeNumber) {
        worn.remove(node)
        hindrances[node] = nil
    }

    /// Why to rotate now, `nil` where there is no reason or the pause is not over. What an absent node said last of its
    /// SAs counts no more.
    func cause(at now: Instant, isPresent: (NodeNumber) -> Bool) -> Cause? {
        guard backoff.isOver(at: now) else { return nil }
        if worn.contains(where: isPresent) { return .packets }
        guard let every = rotation.everyMilliseconds, now.microseconds(since: lastSuccess) >= every * 1_000 else {
            return nil
        }
        return .age
    }

    /// A try begins.
    mutating func noteTry(at now: Instant) {
        let isInRow = lastTry.map { now.microseconds(since: $0) < Self.rowMilliseconds * 1_000 } ?? false
        if !isInRow { backoff.reset() }
        lastTry = now
        backoff.wait(from: now)
    }

    /// The try failed or was not made: what is due stays due.
    mutating func noteFailure(_ reasons: [NodeNumber: [String]]) {
        hindrances = reasons.mapValues { $0.map { "a rotation of keys is overdue: \($0)" } }
    }

    /// Every present pair has new keys.
    mutating func noteSuccess(at now: Instant) {
        lastSuccess = now
        worn = []
        hindrances = [:]
    }
}
