import Fleet
import Ladder
import Ports
import Synchronization

/// A fleet in memory: it does at once what it is asked, or fails as it is told, and remembers who asked for what.
final class FakeFleet: FleetControl {
    struct Change: Hashable, Sendable {
        var request: FleetRequest
        var user: String
    }

    private struct State {
        var status: FleetStatus
        var failure: RolloutFailure?
        var isHeld = false
        var held: [CheckedContinuation<Void, Never>] = []
        var changes: [Change] = []
    }

    static let uuid = "6e8bc430-9c3a-11d9-9669-0800200c9a66"

    private let state: Mutex<State>

    init(
        failure: RolloutFailure? = nil, nodes: [NodeStatus] = FakeFleet.nodes,
        rollouts: [RolloutRecord] = FakeFleet.rollouts
    ) {
        state = Mutex(
            State(
                status: FleetStatus(
                    name: "testudo", uuid: Self.uuid, enabled: false, nodes: nodes, rollouts: rollouts),
                failure: failure))
    }

    func edges() async -> FleetEdges {
        var state = FleetState()
        for (index, node) in status().nodes.enumerated() {
            state.note(
                node.number, sequence: 1, accepted: nil,
                standing: Standing(common: .on(index == 0 ? .enforce : .send, offers: Generation(3))))
        }
        return FleetEdges(nodes: status().nodes.map { .init(number: $0.number, name: $0.name) }, state: state)
    }

    /// Ten pairs a node.
    func associations(of node: NodeNumber) async -> [AssociationPair]? {
        guard let local = Address("10.77.0.1") else { return nil }
        return (1...10).compactMap { index in
            Address("10.77.1.\(index)").map { remote in
                let flow = AssociationPair.Flow(spi: SPI(rawValue: UInt32(index)), bytes: 1_000, packets: 10)
                return AssociationPair(local: local, remote: remote, inbound: flow, outbound: flow, isSending: true)
            }
        }
    }

    var changes: [Change] { state.withLock { $0.changes } }
    var requests: [FleetRequest] { changes.map(\.request) }

    /// Whatever is asked waits from now on.
    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func status() -> FleetStatus { state.withLock { $0.status } }

    func perform(_ request: FleetRequest, requestedBy user: String) async -> RolloutAnswer {
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHeld { state.held.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        return state.withLock { state in
            state.changes.append(Change(request: request, user: user))
            if let failure = state.failure { return .failed(failure) }
            return state.status.perform(request)
        }
    }

    /// One that is heard from and one that is not.
    static let nodes = [(1, true), (2, false)].compactMap { number, isPresent -> NodeStatus? in
        guard let name = NodeName("node\(number)"), let number = NodeNumber(UInt32(number)) else { return nil }
        return NodeStatus(name: name, number: number, isPresent: isPresent, rung: .clear, problems: [])
    }

    static let rollouts = [
        RolloutRecord(
            id: 2, kind: .rotate, outcome: .failure, microseconds: 10_050_000, drainMicroseconds: 0,
            steps: [.init(name: "preflight", microseconds: 900)],
            reasons: [
                .init(node: NodeName("node2"), message: "no report within 10 s"), .init(node: nil, message: "x"),
            ]),
        RolloutRecord(
            id: 1, kind: .enable, outcome: .success, microseconds: 91_000, drainMicroseconds: 50_000,
            probeMicroseconds: 700,
            steps: [.init(name: "accept", microseconds: 8_000), .init(name: "drain", microseconds: 50_000)],
            reasons: []),
    ]
}

extension FleetStatus {
    fileprivate mutating func perform(_ request: FleetRequest) -> RolloutAnswer {
        switch request {
        case .configure(let enabled, let window):
            guard enabled ?? self.enabled != self.enabled || window ?? replayWindow != replayWindow else {
                return .unchanged
            }
            let kind: RolloutKind = enabled.map { $0 ? .enable : .disable } ?? .rotate
            self.enabled = enabled ?? self.enabled
            replayWindow = window ?? replayWindow
            return did(kind)
        case .rollout(let kind, _):
            if kind == .enable && enabled || kind == .disable && !enabled { return .unchanged }
            if kind == .enable || kind == .disable { enabled = kind == .enable }
            return did(kind)
        case .remove(let name):
            guard let index = nodes.firstIndex(where: { $0.name == name && !$0.isQuarantined }) else { return unknown }
            if nodes[index].isPresent { nodes.remove(at: index) } else { nodes[index].isQuarantined = true }
            return did(.leave)
        case .release(let name):
            guard let index = nodes.firstIndex(where: { $0.name == name && $0.isQuarantined }) else { return unknown }
            nodes.remove(at: index)
            return .unchanged
        }
    }

    private var unknown: RolloutAnswer { .failed(RolloutFailure(cause: .unknownNode, reasons: [])) }

    private mutating func did(_ kind: RolloutKind) -> RolloutAnswer {
        let id = (rollouts.first?.id ?? 0) + 1
        rollouts.insert(
            RolloutRecord(
                id: id, kind: kind, outcome: .success, microseconds: 5, drainMicroseconds: 0, steps: [], reasons: []),
            at: 0)
        return .done(rollout: id)
    }
}
