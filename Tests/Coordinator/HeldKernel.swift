import Ports
import Simulated
import XFRM

/// A simulated kernel whose looks can be held up, and to which something can happen right after a change.
///
/// It tells of no disturbance but those that a test makes.
actor HeldKernel: Kernel {
    let kernel: SimulatedKernel
    nonisolated let disturbances: AsyncStream<Void>
    private let disturbance: Disturbances
    private(set) var looks = 0
    private(set) var waiting = 0
    private var isHeld = false
    private var held: [CheckedContinuation<Void, Never>] = []
    private var mishap: (@Sendable (SimulatedKernel) async -> Void)?

    init(_ kernel: SimulatedKernel) {
        let disturbance = Disturbances()
        self.kernel = kernel
        self.disturbance = disturbance
        disturbances = AsyncStream {
            await disturbance.next()
        } onCancel: {
            Task { await disturbance.end() }
        }
    }

    /// Every look waits from now on.
    func hold() { isHeld = true }

    func release() {
        isHeld = false
        for continuation in held { continuation.resume() }
        held = []
        waiting = 0
    }

    /// Happens once, right after the next changes.
    func afterNextChange(_ mishap: @escaping @Sendable (SimulatedKernel) async -> Void) { self.mishap = mishap }

    /// Disturbances that nobody asked for yet.
    func disturb(_ count: Int) async { await disturbance.add(count) }
    var disturbancesLeft: Int { get async { await disturbance.left } }

    func support() async throws(KernelError) -> KernelSupport { try await kernel.support() }
    func counters() async throws(KernelError) -> [String: UInt64] { try await kernel.counters() }
    func obstacles() async throws(KernelError) -> [String] { try await kernel.obstacles() }

    func snapshot() async throws(KernelError) -> Snapshot {
        await beginLook()
        return try await kernel.snapshot()
    }

    func snapshot(of objects: [ObjectID]) async throws(KernelError) -> Snapshot {
        await beginLook()
        return try await kernel.snapshot(of: objects)
    }

    private func beginLook() async {
        looks += 1
        if isHeld {
            waiting += 1
            await withCheckedContinuation { held.append($0) }
        }
    }

    func apply(_ changes: [KernelChange]) async throws(KernelError) -> [KernelRefusal] {
        let refusals = try await kernel.apply(changes)
        let mishap = mishap
        self.mishap = nil
        await mishap?(kernel)
        return refusals
    }
}

/// Counts what is asked for, so that a test knows when all of it was.
private actor Disturbances {
    private(set) var left = 0
    private var isOver = false
    private var waiting: CheckedContinuation<Void, Never>?

    func add(_ count: Int) {
        left += count
        wake()
    }

    func end() {
        isOver = true
        wake()
    }

    func next() async -> Void? {
        while left == 0, !isOver { await withCheckedContinuation { waiting = $0 } }
        if isOver { return nil }
        left -= 1
        return ()
    }

    private func wake() {
        waiting?.resume()
        waiting = nil
    }
}

/// Probes whose answers are held back until a test lets them go.
actor HeldProbe: PathProbe {
    private(set) var asked = 0
    private(set) var answered = 0
    private var held: [CheckedContinuation<Void, Never>] = []

    func open(_ session: ProbeSession) async throws(ProbeError) {}
    func close() async {}

    func ask(_ targets: [ProbeTarget]) async -> [ProbeResult] {
        asked += 1
        await withCheckedContinuation { held.append($0) }
        answered += 1
        return targets.map { ProbeResult(target: $0, verdict: .echoed(microseconds: 100)) }
    }

    func release() {
        for continuation in held { continuation.resume() }
        held = []
    }
}
