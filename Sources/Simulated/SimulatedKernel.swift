public import Ports
public import XFRM

/// A small correct model of one host's XFRM state.
///
/// The contract suite holds it against the real one. It can be told to refuse, and remembers whether a key ever came
/// twice.
public actor SimulatedKernel: Kernel {
    private struct Trap: Sendable {
        var matches: @Sendable (Change) -> Bool
        var error: KernelError
    }

    private var model: KernelModel
    private var errorCounters: [String: UInt64] = [:]
    private var interfaceObstacles: [String] = []
    private var traps: [Trap] = []
    private var outage: KernelError?
    /// How often a key was installed that had been installed before: must stay 0, for GCM's sake.
    public var keysInstalledAgain: Int { model.keysInstalledAgain }
    /// Every change that was carried out, oldest first, as `ip xfrm` text.
    public var transcript: [String] { changes.map { "\($0)" } }
    private var changes: [Change] = []
    /// The transcript keeps the newest changes only, so that a long simulation stays small.
    public static let transcriptMaximum = 4_096

    public nonisolated let disturbances: AsyncStream<Void>
    private let disturbance: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - holding: what is there already, foreign objects included.
    ///   - lacking: the kernel's words where it has no ESP; it then refuses every SA.
    public init(holding snapshot: Snapshot = Snapshot(), lacking: String? = nil) {
        (disturbances, disturbance) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        model = KernelModel(holding: snapshot, lacking: lacking)
    }

    deinit { disturbance.finish() }

    // MARK: Kernel

    public func support() async throws(KernelError) -> KernelSupport {
        try checkOutage()
        return KernelSupport(lacking: model.lacking)
    }

    public func snapshot() async throws(KernelError) -> Snapshot {
        try checkOutage()
        return model.snapshot
    }

    public func snapshot(of objects: [ObjectID]) async throws(KernelError) -> Snapshot {
        try checkOutage()
        return model.snapshot(of: objects)
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
    public func put(_ policy: Policy) {
        model.put(policy)
        disturbance.yield()
    }

    public func put(_ association: Association) {
        model.put(association)
        disturbance.yield()
    }

    /// What another program or a flush took away; the kernel tells of nothing where there was nothing.
    public func remove(_ id: PolicyID) {
        if model[id] != nil { disturbance.yield() }
        model.remove(id)
    }

    public func remove(_ id: AssociationID) {
        if model[id] != nil { disturbance.yield() }
        model.remove(id)
    }

    /// The host reboots: its XFRM state is gone, its memory of keys is not.
    public func reboot() {
        model.forget()
        errorCounters = [:]
        disturbance.yield()
    }

    /// Every SA has sent so many packets.
    public func setPackets(_ packets: UInt64) { model.setPackets(packets) }
    public func count(_ counter: String, by amount: UInt64 = 1) { errorCounters[counter, default: 0] += amount }
    public func setObstacles(_ sentences: [String]) { interfaceObstacles = sentences }
    public func setLacking(_ words: String?) { model.lacking = words }

    private func checkOutage() throws(KernelError) {
        if let outage { throw outage }
    }

    private func perform(_ change: KernelChange) -> KernelError? {
        let plain = change.change
        if let index = traps.firstIndex(where: { $0.matches(plain) }) { return traps.remove(at: index).error }
        let error = model.perform(change)
        if error == nil {
            if changes.count == Self.transcriptMaximum { changes.removeFirst(changes.count / 2) }
            changes.append(plain)
        }
        return error
    }
}
