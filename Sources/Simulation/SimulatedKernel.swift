internal import Fleet
internal import MeshKeys
public import Ports
public import XFRM

/// A small correct model of one host's XFRM state.
///
/// It keeps what the kernel keeps, under the kernel's own keys, and answers with the kernel's errors; the contract
/// suite holds it against the real one. It can be told to refuse, and remembers whether a key ever came twice.
public actor SimulatedKernel: Kernel {
    /// errno values (asm-generic/errno-base.h, errno.h).
    enum Code {
        static let noSuchEntry: Int32 = 2
        static let exists: Int32 = 17
        static let invalid: Int32 = 22
        static let notImplemented: Int32 = 38
    }

    /// What the kernel tells SAs apart by: not by their source, nor by their reqid.
    private struct AssociationKey: Hashable {
        var destination: Address
        var spi: SPI

        init(_ id: AssociationID) {
            destination = id.destination
            spi = id.spi
        }
    }

    private struct Kept<Object: Sendable>: Sendable {
        var object: Object
        var order: UInt64
    }

    private struct Trap: Sendable {
        var matches: @Sendable (Change) -> Bool
        var error: KernelError
    }

    private var associations: [AssociationKey: Kept<ObservedAssociation>] = [:]
    private var policies: [PolicyID: Kept<Policy>] = [:]
    private var order: UInt64 = 0
    private var lacking: String?
    private var errorCounters: [String: UInt64] = [:]
    private var interfaceObstacles: [String] = []
    private var traps: [Trap] = []
    private var outage: KernelError?
    private var keys: Set<Int> = []
    /// How often a key was installed that had been installed before: must stay 0, for GCM's sake.
    public private(set) var keysInstalledAgain = 0
    /// Every change that was carried out, oldest first, as `ip xfrm` text.
    public private(set) var transcript: [String] = []
    /// The transcript keeps the newest changes only, so that a long simulation stays small.
    public static let transcriptMaximum = 4_096

    /// - Parameters:
    ///   - holding: what is there already, foreign objects included.
    ///   - lacking: the kernel's words where it has no ESP; it then refuses every SA.
    public init(holding snapshot: Snapshot = Snapshot(), lacking: String? = nil) {
        self.lacking = lacking
        var order: UInt64 = 0
        for observed in snapshot.associations {
            order += 1
            associations[AssociationKey(observed.association.id)] = Kept(object: observed, order: order)
        }
        for policy in snapshot.policies {
            order += 1
            policies[policy.id] = Kept(object: policy, order: order)
        }
        self.order = order
    }

    // MARK: Kernel

    public func support() async throws(KernelError) -> KernelSupport {
        try checkOutage()
        return KernelSupport(lacking: lacking)
    }

    public func snapshot() async throws(KernelError) -> Snapshot {
        try checkOutage()
        return Snapshot(
            associations: associations.values.sorted { $0.order < $1.order }.map(\.object),
            policies: policies.values.sorted { $0.order < $1.order }.map(\.object))
    }

    public func apply(_ changes: [KernelChange]) async throws(KernelError) -> [KernelRefusal] {
        try checkOutage()
        var refusals: [KernelRefusal] = []
        for (index, change) in changes.enumerated() {
            if let error = perform(change) { refusals.append(KernelRefusal(index: index, error: error)) }
        }
        return refusals
    }

    public func counters() async throws(KernelError) -> [String: UInt64] {
        try checkOutage()
        return errorCounters
    }

    public func obstacles() async throws(KernelError) -> [String] {
        try checkOutage()
        return interfaceObstacles
    }

    // MARK: What a test may do to it

    /// The next change that matches is refused with this error, once.
    public func refuse(_ error: KernelError, next matches: @escaping @Sendable (Change) -> Bool) {
        traps.append(Trap(matches: matches, error: error))
    }

    /// Every call fails with this error until it is `nil` again.
    public func fail(with error: KernelError?) { outage = error }

    /// Puts a foreign object there, as another program would.
    public func put(_ policy: Policy) { keep(policy) }
    public func put(_ association: Association) { keep(association) }

    /// What another program or a flush took away.
    public func remove(_ id: PolicyID) { policies[id] = nil }
    public func remove(_ id: AssociationID) { associations[AssociationKey(id)] = nil }

    /// The host reboots: its XFRM state is gone, its memory of keys is not.
    public func reboot() {
        associations = [:]
        policies = [:]
        errorCounters = [:]
    }

    public func count(_ counter: String, by amount: UInt64 = 1) { errorCounters[counter, default: 0] += amount }
    public func setObstacles(_ sentences: [String]) { interfaceObstacles = sentences }
    public func setLacking(_ words: String?) { lacking = words }

    // MARK: The model

    private func checkOutage() throws(KernelError) {
        if let outage { throw outage }
    }

    private func perform(_ change: KernelChange) -> KernelError? {
        let plain = change.change
        if let index = traps.firstIndex(where: { $0.matches(plain) }) { return traps.remove(at: index).error }
        let error: KernelError? =
            switch change {
            case .addAssociation(let association, let key): add(association, key)
            case .deleteAssociation(let id): delete(id)
            case .addPolicy(let policy): add(policy)
            case .updatePolicy(let policy): update(policy)
            case .deletePolicy(let id): delete(id)
            }
        if error == nil {
            if transcript.count == Self.transcriptMaximum { transcript.removeFirst(transcript.count / 2) }
            transcript.append("\(plain)")
        }
        return error
    }

    private func add(_ association: Association, _ key: Secret) -> KernelError? {
        let operation = MessageKind.newAssociation.kernelName
        if let lacking { return KernelError(operation: operation, code: Code.notImplemented, message: lacking) }
        guard key.count == Algorithm.keyByteCount, association.shape == .transport else {
            return KernelError(operation: operation, code: Code.invalid, message: "Invalid argument")
        }
        guard associations[AssociationKey(association.id)] == nil else {
            return KernelError(operation: operation, code: Code.exists, message: "File exists")
        }
        if !keys.insert(key.fingerprint).inserted { keysInstalledAgain += 1 }
        keep(association)
        return nil
    }

    /// ESRCH counts as done.
    private func delete(_ id: AssociationID) -> KernelError? {
        associations[AssociationKey(id)] = nil
        return nil
    }

    private func add(_ policy: Policy) -> KernelError? {
        let operation = MessageKind.newPolicy.kernelName
        guard policy.action != .other else {
            return KernelError(operation: operation, code: Code.invalid, message: "Invalid argument")
        }
        if let present = policies[policy.id]?.object, !Ownership.owns(present) {
            let message = "File exists: \(ForeignObject.policy(present))"
            return KernelError(operation: operation, code: Code.exists, message: message)
        }
        keep(policy)
        return nil
    }

    /// UPDPOLICY puts it there, whatever was there before: it would replace a foreign one as well.
    private func update(_ policy: Policy) -> KernelError? {
        guard policy.action != .other else {
            let operation = MessageKind.updatePolicy.kernelName
            return KernelError(operation: operation, code: Code.invalid, message: "Invalid argument")
        }
        keep(policy)
        return nil
    }

    /// ENOENT counts as done.
    private func delete(_ id: PolicyID) -> KernelError? {
        policies[id] = nil
        return nil
    }

    private func keep(_ policy: Policy) {
        order += 1
        policies[policy.id] = Kept(object: policy, order: policies[policy.id]?.order ?? order)
    }

    private func keep(_ association: Association) {
        order += 1
        associations[AssociationKey(association.id)] = Kept(
            object: ObservedAssociation(association: association), order: order)
    }
}

extension Secret {
    /// Tells keys apart within this process; nothing of the key can be had back from it.
    fileprivate var fingerprint: Int {
        withBytes { bytes in
            var hasher = Hasher()
            for index in bytes.indices { hasher.combine(bytes[index]) }
            return hasher.finalize()
        }
    }
}

extension KernelChange {
    /// The change without its key.
    fileprivate var change: Change {
        switch self {
        case .addAssociation(let association, _): .addAssociation(association)
        case .deleteAssociation(let id): .deleteAssociation(id)
        case .addPolicy(let policy): .addPolicy(policy)
        case .updatePolicy(let policy): .updatePolicy(policy)
        case .deletePolicy(let id): .deletePolicy(id)
        }
    }
}
