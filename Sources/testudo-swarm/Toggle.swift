internal import Coordinator
internal import Fleet
internal import Ports

extension Coordinator {
    /// Turns the fleet on or off, and answers the rollout that did it.
    func toggle(_ enabled: Bool) async throws -> RolloutRecord {
        let answer = await perform(.configure(enabled: enabled, replayWindow: nil), requestedBy: "swarm")
        guard case .done(let id) = answer, let record = status().rollouts.first(where: { $0.id == id }) else {
            throw SwarmError("enabled=\(enabled) was answered \(answer)")
        }
        return record
    }
}

extension RolloutRecord {
    /// One line of JSON.
    /// - Parameters:
    ///   - microseconds: what was measured, where that is not the rollout's own time.
    ///   - further: members, each with a comma before it.
    func line(agents: Int, kind: String? = nil, microseconds: UInt64? = nil, further: String = "") -> String {
        let steps = steps.map { "\"\($0.name)\":\($0.microseconds)" }.joined(separator: ",")
        return
            "{\"agents\":\(agents),\"kind\":\"\(kind ?? self.kind.rawValue)\","
            + "\"microseconds\":\(microseconds ?? self.microseconds),\"drain_microseconds\":\(drainMicroseconds),"
            + "\"steps\":{\(steps)}\(further)}"
    }
}
