internal import Synchronization

/// What a probe's sockets did since it was made.
public struct ProbeCounters: Hashable, Sendable {
    /// Requests of an open session's peers that were answered.
    public var answered: UInt64 = 0
    /// Requests of such peers whose answer the kernel would not send; the peer asks again.
    public var unanswered: UInt64 = 0
    /// Datagrams with another nonce, from another address or port, not ours at all, or echoes that nobody awaits.
    public var ignored: UInt64 = 0

    public init() {}
}

/// The counters, shared by an actor and the threads of its sessions.
final class ProbeTally: Sendable {
    private let counters = Mutex(ProbeCounters())

    var current: ProbeCounters { counters.withLock { $0 } }

    func count(_ change: (inout ProbeCounters) -> Void) { counters.withLock { change(&$0) } }
}
