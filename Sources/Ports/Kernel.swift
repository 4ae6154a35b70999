public import MeshKeys
public import XFRM

/// One host's XFRM state: the agent's only way to it.
///
/// The same contract suite runs against the simulated and the real kernel.
public protocol Kernel: Sendable {
    /// Warms the first SA up (modules load then) and says what this kernel lacks; leaves no SA behind.
    func support() async throws(KernelError) -> KernelSupport
    /// Everything in the namespace, foreign objects included.
    func snapshot() async throws(KernelError) -> Snapshot
    /// These objects as they stand now, whoever's they are; what is not there is left out.
    func snapshot(of objects: [ObjectID]) async throws(KernelError) -> Snapshot
    /// Performs the changes in order. A refused change does not stop the following ones; each refusal is answered.
    func apply(_ changes: [KernelChange]) async throws(KernelError) -> [KernelRefusal]
    /// The namespace's xfrm error counters by name (/proc/net/xfrm_stat).
    func counters() async throws(KernelError) -> [String: UInt64]
    /// Sysctls that would defeat policies or SAs here, as sentences: `disable_xfrm`, `disable_policy` (Documentation/networking/ip-sysctl).
    func obstacles() async throws(KernelError) -> [String]
    /// Yields when SAs or policies may have been changed by somebody else than this object, at most one waiting: who
    /// reads it takes a snapshot. Several changes, and events that were lost (ENOBUFS), are one disturbance.
    ///
    /// One consumer. Ends when the events can be had no more.
    var disturbances: AsyncStream<Void> { get }
}

/// A change with the key that it needs.
public enum KernelChange: Sendable {
    /// 36 bytes of key: 32 of AES key, 4 of salt (RFC 4106 §4, §8.1).
    case addAssociation(Association, key: Secret)
    case deleteAssociation(AssociationID)
    case addPolicy(Policy)
    case updatePolicy(Policy)
    case deletePolicy(PolicyID)
}

/// Why the kernel did not make one change of a batch.
public struct KernelRefusal: Hashable, Sendable {
    /// The index of the change in the batch.
    public var index: Int
    public var error: KernelError

    public init(index: Int, error: KernelError) {
        self.index = index
        self.error = error
    }
}

/// What the kernel answered: which operation, errno, and its own words where it gave some (extended ack).
public struct KernelError: Error, Hashable, Sendable {
    /// The netlink message or system call, such as `XFRM_MSG_NEWSA`.
    public var operation: String
    /// A positive errno, 0 where none applies.
    public var code: Int32
    /// The errno's text and the kernel's extended ack where there is one. Never holds a key.
    public var message: String

    public init(operation: String, code: Int32, message: String) {
        self.operation = operation
        self.code = code
        self.message = message
    }
}

extension KernelError: CustomStringConvertible {
    public var description: String { "\(operation): \(message)" }
}

/// What a kernel can do for us.
public struct KernelSupport: Hashable, Sendable {
    /// `nil` where a test SA was accepted; else the kernel's own words.
    public var lacking: String?

    public init(lacking: String?) { self.lacking = lacking }
}

extension KernelChange {
    /// The change without its key.
    package var change: Change {
        switch self {
        case .addAssociation(let association, _): .addAssociation(association)
        case .deleteAssociation(let id): .deleteAssociation(id)
        case .addPolicy(let policy): .addPolicy(policy)
        case .updatePolicy(let policy): .updatePolicy(policy)
        case .deletePolicy(let id): .deletePolicy(id)
        }
    }

    /// `nil` for a change that needs a key.
    package init?(keyless change: Change) {
        switch change {
        case .addAssociation: return nil
        case .deleteAssociation(let id): self = .deleteAssociation(id)
        case .addPolicy(let policy): self = .addPolicy(policy)
        case .updatePolicy(let policy): self = .updatePolicy(policy)
        case .deletePolicy(let id): self = .deletePolicy(id)
        }
    }
}
