internal import Fleet
internal import MeshKeys
internal import Ports
internal import Simulated
internal import XFRM

/// What a kernel does beside what it should.
struct KernelTrouble {
    /// Every call fails.
    var isOut = false
    /// After so many further changes one is refused.
    var refusesAfter: Int?
    /// In the next batch, after so many changes, ENOBUFS: what was made stays, the answers are lost.
    var losesAnswersAfter: Int?
    /// No SA was made since the boot: the first one loads modules.
    var isCold = true
    /// How long one call takes.
    var callMicroseconds: ClosedRange<UInt64> = 20...300
    /// How long one change of a batch takes, so that others see it half made.
    var changeMicroseconds: ClosedRange<UInt64> = 0...0
}

/// An agent process's way to its host's kernel, in virtual time.
final class HostKernel: Kernel {
    private let process: Confined<SimulatedProcess>
    private let host: Confined<FleetHost>
    private let scheduler: Confined<Scheduler>

    let disturbances: AsyncStream<Void>

    init(_ process: SimulatedProcess, _ host: FleetHost) {
        self.process = Confined(process)
        self.host = Confined(host)
        scheduler = process.world.confinedScheduler
        let (stream, disturbance) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        disturbances = stream
        host.disturbance = disturbance
    }

    func support() async throws(KernelError) -> KernelSupport {
        try await begin()
        try await warmUp()
        return KernelSupport(lacking: host.object.kernel.lacking)
    }

    func snapshot() async throws(KernelError) -> Snapshot {
        try await begin()
        return host.object.kernel.snapshot
    }

    func snapshot(of objects: [ObjectID]) async throws(KernelError) -> Snapshot {
        try await begin()
        return host.object.kernel.snapshot(of: objects)
    }

    func apply(_ changes: [KernelChange]) async throws(KernelError) -> [KernelRefusal] {
        try await begin()
        var refusals: [KernelRefusal] = []
        for (index, change) in changes.enumerated() {
            if case .addAssociation = change { try await warmUp() }
            let pause = process.object.world.drawKernel(host.object.trouble.changeMicroseconds)
            if pause > 0 { await scheduler.pause(microseconds: pause) }
            try checkAlive()
            if let left = host.object.trouble.losesAnswersAfter {
                host.object.trouble.losesAnswersAfter = left > 0 ? left - 1 : nil
                if left == 0 { throw Self.noBufferSpace }
            }
            if let error = perform(change) { refusals.append(KernelRefusal(index: index, error: error)) }
        }
        if host.object.trouble.losesAnswersAfter != nil, !changes.isEmpty {
            host.object.trouble.losesAnswersAfter = nil
            throw Self.noBufferSpace
        }
        return refusals
    }

    func counters() async throws(KernelError) -> [String: UInt64] {
        try await begin()
        return [:]
    }

    func obstacles() async throws(KernelError) -> [String] {
        try await begin()
        return []
    }

    private static let noBufferSpace = KernelError(
        operation: "recvmsg", code: KernelModel.Code.noBufferSpace, message: "No buffer space available")

    private func begin() async throws(KernelError) {
        let world = process.object.world
        await scheduler.pause(microseconds: world.drawKernel(host.object.trouble.callMicroseconds))
        try checkAlive()
        if host.object.trouble.isOut { throw Self.noBufferSpace }
    }

    private func warmUp() async throws(KernelError) {
        guard host.object.trouble.isCold else { return }
        host.object.trouble.isCold = false
        await scheduler.pause(microseconds: process.object.world.scenario.firstAssociationMicroseconds)
        try checkAlive()
    }

    private func checkAlive() throws(KernelError) {
        guard process.object.isAlive else {
            throw KernelError(operation: "sendmsg", code: 0, message: "the process is dead")
        }
    }

    private func perform(_ change: KernelChange) -> KernelError? {
        let host = host.object
        if let left = host.trouble.refusesAfter {
            host.trouble.refusesAfter = left > 0 ? left - 1 : nil
            if left == 0 {
                return KernelError(operation: "\(change.change)", code: 12, message: "Cannot allocate memory")
            }
        }
        return process.object.world.perform(change, on: host)
    }
}
