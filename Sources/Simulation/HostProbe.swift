internal import Fleet
internal import Ports

/// An agent process's way to probe its peers: an echo comes where both kernels' SAs would let it pass at that moment.
final class HostProbe: PathProbe {
    /// How long targets are asked, and how often: as the real probe does.
    private static let totalMicroseconds: UInt64 = 3_000_000
    private static let pauseMicroseconds: UInt64 = 250_000

    private let process: Confined<SimulatedProcess>
    private let host: Confined<FleetHost>
    private let scheduler: Confined<Scheduler>

    init(_ process: SimulatedProcess, _ host: FleetHost) {
        self.process = Confined(process)
        self.host = Confined(host)
        scheduler = process.world.confinedScheduler
    }

    func open(_ session: ProbeSession) async throws(ProbeError) {
        guard process.object.isAlive else { throw ProbeError(operation: "open", message: "the process is dead") }
        host.object.probeNonce = session.nonce
    }

    func ask(_ targets: [ProbeTarget]) async -> [ProbeResult] {
        var open = targets
        var results: [Address: ProbeResult] = [:]
        let began = scheduler.object.now
        let roundTrip = 2 * process.object.world.scenario.path.microseconds.upperBound
        await scheduler.pause(microseconds: roundTrip)
        while !open.isEmpty && process.object.isAlive && host.object.probeNonce != nil {
            let took = scheduler.object.now.microseconds(since: began)
            if took > Self.totalMicroseconds { break }
            for target in open where reaches(target) {
                results[target.address] = ProbeResult(target: target, verdict: .echoed(microseconds: took))
            }
            open.removeAll { results[$0.address] != nil }
            if !open.isEmpty { await scheduler.pause(microseconds: Self.pauseMicroseconds) }
        }
        return targets.map { results[$0.address] ?? ProbeResult(target: $0, verdict: .silent) }
    }

    private func reaches(_ target: ProbeTarget) -> Bool {
        let world = process.object.world
        guard let index = world.index(of: target.peer), world.hosts[index].probeNonce == host.object.probeNonce,
            !world.blockedPaths.contains(index), !world.blockedPaths.contains(host.object.index)
        else { return false }
        return world.checker.probe(target.own, target.address)
    }

    func close() async {
        if process.object.isAlive { host.object.probeNonce = nil }
    }
}
