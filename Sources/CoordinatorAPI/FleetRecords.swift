internal import Crypto
internal import Fleet
internal import ONTAP
internal import Ports

extension FleetStatus {
    /// The records that a resource shows of the fleet.
    func records(of kind: Resource.Kind) -> [JSONObject] {
        switch kind {
        case .ipsec: [IPsecRecord(enabled: enabled).json]
        case .cluster: [ClusterRecord(name: name, uuid: uuid).json]
        case .nodes: nodes.map { $0.record(fleet: uuid).json }
        case .rollouts: rollouts.map(\.record.json)
        }
    }
}

extension NodeStatus {
    fileprivate func record(fleet: String) -> ONTAP.NodeRecord {
        ONTAP.NodeRecord(uuid: Self.uuid(of: number, fleet: fleet), name: name.text, isUp: isPresent)
    }

    /// A UUID that a node keeps as long as its number: made from the fleet's and the number (RFC 9562 §5.8).
    static func uuid(of number: NodeNumber, fleet: String) -> String {
        var bytes = Array(SHA256.hash(data: Array("\(fleet.lowercased())/nodes/\(number)".utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}

extension Ports.RolloutRecord {
    fileprivate var record: ONTAP.RolloutRecord {
        ONTAP.RolloutRecord(
            id: id, target: target, outcome: outcome.rawValue, durationMicroseconds: microseconds,
            drainMicroseconds: drainMicroseconds,
            steps: steps.map { .init(name: $0.name, microseconds: $0.microseconds) },
            reasons: reasons.map { .init(node: $0.node?.text, message: $0.message) })
    }
}

extension RolloutFailure {
    /// The failure in ONTAP's words: one argument for each reason, the node first.
    var error: APIError {
        let failure: APIError.IPsecFailure =
            switch cause {
            case .unsupported: .unsupported
            case .enableFailed: .enableFailed
            case .disableFailed: .disableFailed
            }
        return .ipsec(
            failure,
            reasons: reasons.map { reason in
                (reason.node.map { "\($0): " } ?? "") + reason.message
            })
    }
}
