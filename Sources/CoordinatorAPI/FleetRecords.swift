internal import Crypto
internal import Fleet
internal import Ladder
internal import ONTAP
internal import Ports

extension Answer {
    /// Makes the answer to a call that reads what a fleet's status says; records are made as far as they are shown.
    init(_ call: Call, of status: FleetStatus) throws(APIError) {
        switch call.route.resource.kind {
        case .ipsec:
            let record = IPsecRecord(enabled: status.enabled, replayWindow: status.replayWindow)
            try self.init(call, records: CollectionOfOne(record.json))
        case .cluster:
            try self.init(call, records: CollectionOfOne(ClusterRecord(name: status.name, uuid: status.uuid).json))
        // To ONTAP's clients a node that was removed is gone.
        case .nodes:
            let nodes = status.nodes.lazy.filter { !$0.isQuarantined }
            try self.init(call, records: nodes.map { $0.record(fleet: status.uuid).json })
        case .rollouts: try self.init(call, records: status.rollouts.lazy.map(\.json))
        case .fleetNodes: try self.init(call, records: status.nodes.lazy.map(\.fleetRecord.json))
        // The server's own: the fleet knows calls, not who waits for them nor who may call. Or too many for one moment.
        case .jobs, .accounts, .roles, .events, .edges, .associations:
            try self.init(call, records: EmptyCollection())
        }
    }
}

extension FleetStatus {
    /// The record of one rollout; its number alone where so many began since that it is shown no more.
    func rollout(_ id: UInt64) -> JSONObject {
        rollouts.first { $0.id == id }?.json ?? ["id": .integer(Int64(clamping: id))]
    }
}

extension AccountRecord {
    init(_ account: (name: String, role: Accounts.Role)) {
        self.init(name: account.name, role: account.role.rawValue)
    }
}

extension Accounts.Role {
    var record: JSONObject {
        switch self {
        case .admin: RoleRecord(name: rawValue, access: "all").json
        case .readonly: RoleRecord(name: rawValue, access: "readonly").json
        }
    }
}

extension NodeStatus {
    fileprivate func record(fleet: String) -> ONTAP.NodeRecord {
        ONTAP.NodeRecord(uuid: Self.uuid(of: number, fleet: fleet), name: name.text, isUp: isPresent)
    }

    /// The record of two SAs in its kernel.
    func record(of pair: AssociationPair, fleet: String) -> JSONObject {
        let own = Self.uuid(of: number, fleet: fleet)
        func flow(_ flow: AssociationPair.Flow?) -> AssociationRecord.Flow? {
            flow.map { .init(spi: $0.spi.rawValue, bytes: $0.bytes, packets: $0.packets) }
        }
        let spis = [pair.inbound, pair.outbound].map { $0.map { "\($0.spi.rawValue)" } ?? "" }.joined(separator: "/")
        return AssociationRecord(
            uuid: Self.uuid(from: "\(own)/associations/\(pair.local)/\(pair.remote)/\(spis)"), nodeUUID: own,
            nodeName: name.text, local: "\(pair.local)", remote: "\(pair.remote)", isSending: pair.isSending,
            inbound: flow(pair.inbound), outbound: flow(pair.outbound)
        ).json
    }

    fileprivate var fleetRecord: FleetNodeRecord {
        FleetNodeRecord(
            name: name.text, number: number.rawValue, state: isQuarantined ? .quarantined : isPresent ? .up : .down,
            rung: rung?.description, problems: problems, joinMicroseconds: joinMicroseconds)
    }

    /// A UUID that a node keeps as long as its number: made from the fleet's and the number (RFC 9562 §5.8).
    static func uuid(of number: NodeNumber, fleet: String) -> String {
        uuid(from: "\(fleet.lowercased())/nodes/\(number)")
    }

    private static func uuid(from text: String) -> String {
        var bytes = Array(SHA256.hash(data: Array(text.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}

extension EdgeStatus {
    var record: JSONObject {
        EdgeRecord(
            node: node.text, peer: peer.text, rung: rung?.description, oppositeRung: oppositeRung?.description,
            isWhole: isWhole, sets: sets.map(\.rawValue)
        ).json
    }
}

extension Ports.RolloutRecord {
    var json: JSONObject { record.json }

    private var record: ONTAP.RolloutRecord {
        ONTAP.RolloutRecord(
            id: id, kind: kind.rawValue, outcome: outcome.rawValue, durationMicroseconds: microseconds,
            drainMicroseconds: drainMicroseconds, probeMicroseconds: probeMicroseconds,
            steps: steps.map { .init(name: $0.name, microseconds: $0.microseconds) },
            progress: progress.map { .init(step: $0.step, nodes: $0.nodes, nodesDone: $0.nodesDone) },
            reasons: reasons.map { .init(node: $0.node?.text, message: $0.message) })
    }
}

extension RolloutFailure {
    /// The failure in ONTAP's words: one argument for each reason, the node first; for a name that no node has, the
    /// refusal of any unknown key.
    var error: APIError {
        let failure: APIError.IPsecFailure? =
            switch cause {
            case .unsupported: .unsupported
            case .enableFailed: .enableFailed
            case .disableFailed: .disableFailed
            case .unknownNode: nil
            }
        guard let failure else { return .noSuchEntry }
        return .ipsec(
            failure,
            reasons: reasons.map { reason in
                (reason.node.map { "\($0): " } ?? "") + reason.message
            })
    }
}
