import Fleet
import Ports
import Synchronization

/// A fleet of two nodes in memory: it turns on and off at once, or fails as it is told, and remembers who asked.
final class FakeFleet: FleetControl {
    struct Change: Hashable, Sendable {
        var enabled: Bool
        var user: String
    }

    private struct State {
        var status: FleetStatus
        var failure: RolloutFailure?
        var changes: [Change] = []
    }

    static let uuid = "6e8bc430-9c3a-11d9-9669-0800200c9a66"

    private let state: Mutex<State>

    init(failure: RolloutFailure? = nil) {
        let nodes = [(1, true), (2, false)].compactMap { number, isPresent -> NodeStatus? in
            guard let name = NodeName("node\(number)"), let number = NodeNumber(UInt32(number)) else { return nil }
            return NodeStatus(name: name, number: number, isPresent: isPresent, rung: .clear, problems: [])
        }
        state = Mutex(
            State(
                status: FleetStatus(
                    name: "testudo", uuid: Self.uuid, enabled: false, nodes: nodes, rollouts: Self.rollouts),
                failure: failure))
    }

    var changes: [Change] { state.withLock { $0.changes } }

    func status() -> FleetStatus { state.withLock { $0.status } }

    func setEnabled(_ enabled: Bool, requestedBy user: String) async -> RolloutAnswer {
        state.withLock { state in
            state.changes.append(Change(enabled: enabled, user: user))
            if let failure = state.failure { return .failed(failure) }
            guard state.status.enabled != enabled else { return .unchanged }
            state.status.enabled = enabled
            return .done
        }
    }

    private static let rollouts = [
        RolloutRecord(
            id: 2, target: true, outcome: .failure, microseconds: 10_050_000, drainMicroseconds: 0,
            steps: [.init(name: "preflight", microseconds: 900)],
            reasons: [
                .init(node: NodeName("node2"), message: "no report within 10 s"), .init(node: nil, message: "x"),
            ]),
        RolloutRecord(
            id: 1, target: true, outcome: .success, microseconds: 91_000, drainMicroseconds: 50_000,
            steps: [.init(name: "accept", microseconds: 8_000), .init(name: "drain", microseconds: 50_000)],
            reasons: []),
    ]
}
