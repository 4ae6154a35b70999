internal import CLinux
internal import Fleet
internal import Glibc
internal import MeshKeys
public import Ports
public import XFRM

/// The XFRM state of the network namespace that it was made in, over netlink.
///
/// Needs CAP_NET_ADMIN there. The kernel answers every change that it refuses, and the last of each send; the calls are
/// short (some microseconds a change), so they run on the caller's pool and block it for that time.
public actor XFRMKernel: Kernel {
    /// As many messages as fit the default send buffer with the largest of them.
    private static let chunkMaximum = 100
    /// Opened once: the open file stays with this namespace, whichever thread reads it later.
    private static let statisticsPath = "/proc/thread-self/net/xfrm_stat"

    private var socket: NetlinkSocket
    private let statistics: Result<OpenStatistics, KernelError>
    private let events: EventThread

    /// Opens its sockets in the calling thread's network namespace.
    public init() throws(KernelError) { try self.init(eventBufferByteCount: EventSocket.bufferByteCount) }

    /// - Parameter eventBufferByteCount: how much the kernel keeps of events that are not read yet.
    init(eventBufferByteCount: Int32) throws(KernelError) {
        let socket = try NetlinkSocket()
        events = try EventThread(ignoring: socket.port, bufferByteCount: eventBufferByteCount)
        self.socket = socket
        statistics = Result { () throws(KernelError) in OpenStatistics(file: try ProcFile(Self.statisticsPath)) }
    }

    private final class OpenStatistics: Sendable {
        let file: ProcFile
        init(file: consuming ProcFile) { self.file = file }
    }

    public nonisolated var disturbances: AsyncStream<Void> { events.disturbances }

    public func support() async throws(KernelError) -> KernelSupport {
        for dummy in DummyAssociation.all where dummy.isNeeded {
            let refusals = try perform([dummy.addition(), .deleteAssociation(dummy.id)])
            guard let refusal = refusals.first?.error else { continue }
            // What is wrong with us, or with the moment, says nothing of the kernel.
            if [EPERM, EACCES, ENOBUFS, ENOMEM, EEXIST].contains(refusal.code) { throw refusal }
            return KernelSupport(lacking: refusal.message)
        }
        return KernelSupport(lacking: nil)
    }

    public func snapshot() async throws(KernelError) -> Snapshot {
        let associations = try socket.dump(.associations) { ObservedAssociation(decoding: $0) }
        return Snapshot(associations: associations, policies: try policies())
    }

    public func snapshot(of objects: [ObjectID]) async throws(KernelError) -> Snapshot {
        var found = Snapshot()
        var start = 0
        while start < objects.count {
            let chunk = objects[start..<min(start + Self.chunkMaximum, objects.count)]
            start = chunk.endIndex
            let errors = try socket.read(chunk) { kind, payload in
                if kind == MessageKind.newAssociation.rawValue {
                    if let association = ObservedAssociation(decoding: payload) {
                        found.associations.append(association)
                    }
                } else if kind == MessageKind.newPolicy.rawValue, let policy = Policy(decoding: payload) {
                    found.policies.append(policy)
                }
            }
            for (index, error) in errors where ![ESRCH, ENOENT].contains(error.code) {
                throw KernelError(error, chunk[chunk.startIndex + index].messageKind)
            }
        }
        return found
    }

    public func apply(_ changes: [KernelChange]) async throws(KernelError) -> [KernelRefusal] {
        try perform(changes)
    }

    public func counters() async throws(KernelError) -> [String: UInt64] {
        var counters: [String: UInt64] = [:]
        for line in try statistics.get().file.text().split(separator: "\n") {
            let fields = line.split { $0 == " " || $0 == "\t" }
            guard fields.count == 2, let value = UInt64(fields[1]) else { continue }
            counters[String(fields[0])] = value
        }
        return counters
    }

    /// Reads the sysctls of the calling thread's namespace: right as long as the process has only one.
    public func obstacles() async throws(KernelError) -> [String] {
        InterfaceSettings.obstacles()
    }

    private func policies() throws(KernelError) -> [Policy] {
        try socket.dump(.policies) { Policy(decoding: $0) }
    }

    // MARK: Changes

    private func perform(_ changes: [KernelChange]) throws(KernelError) -> [KernelRefusal] {
        var refusals: [KernelRefusal] = []
        var taken: [TakenPolicy] = []
        var start = 0
        while start < changes.count {
            let end = min(start + Self.chunkMaximum, changes.count)
            for outcome in try transact(changes[start..<end]) {
                if let policy = changes[outcome.index].policyThatFound(outcome.error) {
                    taken.append(TakenPolicy(index: outcome.index, policy: policy, error: outcome.error))
                } else if !changes[outcome.index].isDone(by: outcome.error) {
                    refusals.append(outcome)
                }
            }
            start = end
        }
        if !taken.isEmpty { refusals += try settle(taken) }
        return refusals.sorted { $0.index < $1.index }
    }

    private struct TakenPolicy {
        var index: Int
        var policy: Policy
        var error: KernelError
    }

    /// Policies whose place was taken: read back; over ours an update, over a foreign one nothing.
    private func settle(_ taken: [TakenPolicy]) throws(KernelError) -> [KernelRefusal] {
        var present: [PolicyID: Policy] = [:]
        for policy in try policies() where Ownership.owns(policy) || present[policy.id] == nil {
            present[policy.id] = policy
        }
        var refusals: [KernelRefusal] = []
        var updates: [KernelChange] = []
        var indices: [Int] = []
        for one in taken {
            guard let holder = present[one.policy.id] else {
                refusals.append(KernelRefusal(index: one.index, error: one.error))
                continue
            }
            guard Ownership.owns(holder) else {
                var error = one.error
                error.message = "\(errnoText(EEXIST)): \(ForeignObject.policy(holder))"
                refusals.append(KernelRefusal(index: one.index, error: error))
                continue
            }
            if holder == one.policy { continue }
            updates.append(.updatePolicy(one.policy))
            indices.append(one.index)
        }
        for refusal in updates.isEmpty ? [] : try perform(updates) {
            refusals.append(KernelRefusal(index: indices[refusal.index], error: refusal.error))
        }
        return refusals
    }

    /// One chunk; what was not carried out, with the index in the whole batch.
    private func transact(_ chunk: ArraySlice<KernelChange>) throws(KernelError) -> [KernelRefusal] {
        let first = socket.reserve(chunk.count)
        var batch = EncodedBatch(chunk, first: first, port: socket.port)
        defer { batch.wipe() }
        var refusals = batch.refusals
        guard !batch.indices.isEmpty else { return refusals }
        let errors = try socket.transact(
            batch.bytes, first: first, count: batch.indices.count, operation: "netlink batch")
        for (message, error) in errors {
            let index = batch.indices[message]
            refusals.append(KernelRefusal(index: index, error: KernelError(error, chunk[index].change.messageKind)))
        }
        return refusals
    }
}
