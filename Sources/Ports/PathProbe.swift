public import Fleet

/// Proves that an edge's ESP path works before traffic depends on it: UDP echoes from port P to port P, both ways
/// required to be ESP by the kernel's policies.
///
/// A session is opened on every node before any node asks. Requests and echoes differ in type and carry the session's
/// nonce, so that a forged or an old one is not answered, and two nodes cannot be made to echo for ever.
public protocol PathProbe: Sendable {
    /// Answers requests of this session's nonce from its peers' addresses until ``close()``, or until
    /// ``ProbeSession/secondsMaximum`` have passed. A new session ends an older one.
    func open(_ session: ProbeSession) async throws(ProbeError)
    /// Asks each target of the open session; one result a target, in their order.
    func ask(_ targets: [ProbeTarget]) async -> [ProbeResult]
    /// Ends the session: nothing is answered any more.
    func close() async
}

/// What all nodes of one round of probes have in common.
public struct ProbeSession: Hashable, Sendable {
    /// Longer than any node may take to ask all its peers; a forgotten session ends by itself.
    public static let secondsMaximum = 20

    /// Made by the coordinator for this round alone.
    public var nonce: UInt64
    /// UDP, the same on every node.
    public var port: UInt16
    /// This node's own addresses that are probed.
    public var own: [Address]
    /// The peers' addresses; requests from any other are not answered.
    public var peers: Set<Address>

    public init(nonce: UInt64, port: UInt16, own: [Address], peers: Set<Address>) {
        self.nonce = nonce
        self.port = port
        self.own = own
        self.peers = peers
    }
}

/// One address pair of an edge to probe.
public struct ProbeTarget: Hashable, Sendable {
    public var peer: NodeNumber
    public var own: Address
    public var address: Address

    public init(peer: NodeNumber, own: Address, address: Address) {
        self.peer = peer
        self.own = own
        self.address = address
    }
}

/// What probing one address pair found.
public struct ProbeResult: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        /// Small and full-sized echoes came; the greatest round trip, from the first transmission.
        case echoed(microseconds: UInt64)
        /// Not even a small one came: protocol 50 is dropped on the way, or the keys differ.
        case silent
        /// Small ones came, one that fills the path's MTU (in bytes, of the whole packet) did not.
        case tooLarge(bytes: Int)
        /// This host's kernel would not send, in its words.
        case unsent(String)
    }

    public var target: ProbeTarget
    public var verdict: Verdict
    /// A datagram above the path's MTU, sent with fragmentation allowed, did not come back: a warning only.
    public var losesFragments: Bool

    public init(target: ProbeTarget, verdict: Verdict, losesFragments: Bool = false) {
        self.target = target
        self.verdict = verdict
        self.losesFragments = losesFragments
    }
}

/// Why a session could not be opened, such as a port that is taken.
public struct ProbeError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var message: String

    public init(operation: String, message: String) {
        self.operation = operation
        self.message = message
    }

    public var description: String { "probe: \(operation): \(message)" }
}
