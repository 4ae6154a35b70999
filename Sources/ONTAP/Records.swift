// What the resources' records are made of. The server fills them from the fleet's state.

/// The record of `/cluster`.
public struct ClusterRecord: Hashable, Sendable {
    public var name: String
    public var uuid: String

    public init(name: String, uuid: String) {
        self.name = name
        self.uuid = uuid
    }

    /// The ONTAP version whose REST interface this is. 9.8.0 is the smallest that Ansible's module works with, and
    /// the greatest that promises nothing of what is missing here.
    ///
    /// Clients read the numbers; `full` is for people, and one script cuts it at the first colon.
    public static let version: JSONValue = [
        "full": "Testudo 0.1.0: REST interface of ONTAP 9.8.0", "generation": 9, "major": 8, "minor": 0,
    ]

    public var json: JSONObject {
        ["name": .string(name), "uuid": .string(uuid), "version": Self.version]
    }
}

/// The record of `/security/ipsec`.
public struct IPsecRecord: Hashable, Sendable {
    /// What ONTAP lets an operator choose for `replay_window`, in packets; 0 is none.
    public static let replayWindows: [UInt32] = [0, 64, 128, 256, 512, 1_024]

    public var enabled: Bool
    public var replayWindow: UInt32

    public init(enabled: Bool, replayWindow: UInt32) {
        self.enabled = enabled
        self.replayWindow = replayWindow
    }

    /// The window is a string, though the reference calls it an integer: Ansible's module compares it with one and
    /// ends with a TypeError on a number, while Python's library takes either.
    public var json: JSONObject { ["enabled": .bool(enabled), "replay_window": .string("\(replayWindow)")] }
}

/// A record of `/cluster/nodes`.
public struct NodeRecord: Hashable, Sendable {
    public var uuid: String
    public var name: String
    /// Whether the node is heard from: ONTAP's `up`, else `down`.
    public var isUp: Bool

    public init(uuid: String, name: String, isUp: Bool) {
        self.uuid = uuid
        self.name = name
        self.isUp = isUp
    }

    public var json: JSONObject {
        ["uuid": .string(uuid), "name": .string(name), "state": isUp ? "up" : "down"]
    }
}

/// A record of `/security/accounts`: one who may use the API.
public struct AccountRecord: Hashable, Sendable {
    public var name: String
    public var role: String

    public init(name: String, role: String) {
        self.name = name
        self.role = role
    }

    public var json: JSONObject {
        ["name": .string(name), "role": ["name": .string(role)], "scope": "cluster", "locked": false]
    }
}

/// A record of `/security/roles`: what an account may do.
public struct RoleRecord: Hashable, Sendable {
    public var name: String
    /// `all` or `readonly`, of every path.
    public var access: String

    public init(name: String, access: String) {
        self.name = name
        self.access = access
    }

    public var json: JSONObject {
        [
            "name": .string(name), "scope": "cluster", "builtin": true,
            "privileges": [["path": "/api", "access": .string(access)]],
        ]
    }
}

/// A record of `/cluster/jobs`.
public struct JobRecord: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        case running
        case success
        case failure(APIError)
    }

    public var uuid: String
    /// Method and path.
    public var description: String
    public var outcome: Outcome
    /// ISO 8601 with an offset.
    public var startTime: String
    /// `nil` while it runs.
    public var endTime: String?

    public init(uuid: String, description: String, outcome: Outcome = .running, startTime: String) {
        self.uuid = uuid
        self.description = description
        self.outcome = outcome
        self.startTime = startTime
    }

    /// `failure`, never `error`: Python's library waits for ever on that. A message is always there: it is read unasked.
    public var json: JSONObject {
        var json: JSONObject = ["uuid": .string(uuid), "description": .string(description)]
        switch outcome {
        case .running: json["state"] = "running"
        case .success: json["state"] = "success"
        case .failure: json["state"] = "failure"
        }
        json["message"] = .string(message)
        if case .failure(let error) = outcome {
            json["code"] = .integer(Int64(error.code.rawValue))
            json["error"] = error.body["error"]
        } else {
            json["code"] = 0
        }
        json["start_time"] = .string(startTime)
        if let endTime { json["end_time"] = .string(endTime) }
        return json
    }

    /// Of a failure the error's own message, and its arguments': some clients show no more than this.
    private var message: String {
        switch outcome {
        case .running: "running"
        case .success: "success"
        case .failure(let error):
            ([error.message] + error.arguments.prefix(Self.reasonsMaximum).map(\.message)).joined(separator: " ")
        }
    }

    /// As many reasons as one line bears; the `error` object has them all.
    private static let reasonsMaximum = 4
}

/// A record of `/fleet/rollouts`; times in microseconds.
public struct RolloutRecord: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public var name: String
        public var microseconds: UInt64

        public init(name: String, microseconds: UInt64) {
            self.name = name
            self.microseconds = microseconds
        }
    }

    public struct Reason: Hashable, Sendable {
        /// `nil` where the reason is the fleet's.
        public var node: String?
        public var message: String

        public init(node: String?, message: String) {
            self.node = node
            self.message = message
        }
    }

    public var id: UInt64
    /// `enable`, `disable`, `rotate` …
    public var kind: String
    /// `running`, `success` or `failure`.
    public var outcome: String
    /// From the call to the outcome, drain included.
    public var durationMicroseconds: UInt64
    public var drainMicroseconds: UInt64
    /// The greatest round trip of a probe; `nil` where none was sent.
    public var probeMicroseconds: UInt64?
    public var steps: [Step]
    public var reasons: [Reason]

    public init(
        id: UInt64, kind: String, outcome: String, durationMicroseconds: UInt64, drainMicroseconds: UInt64,
        probeMicroseconds: UInt64?, steps: [Step], reasons: [Reason]
    ) {
        self.id = id
        self.kind = kind
        self.outcome = outcome
        self.durationMicroseconds = durationMicroseconds
        self.drainMicroseconds = drainMicroseconds
        self.probeMicroseconds = probeMicroseconds
        self.steps = steps
        self.reasons = reasons
    }

    public var json: JSONObject {
        var json: JSONObject = [
            "id": .number(id), "kind": .string(kind), "outcome": .string(outcome),
            "duration_microseconds": .number(durationMicroseconds),
            "drain_microseconds": .number(drainMicroseconds),
        ]
        if let probeMicroseconds { json["probe_microseconds"] = .number(probeMicroseconds) }
        json["steps"] = .array(steps.map { ["name": .string($0.name), "microseconds": .number($0.microseconds)] })
        json["reasons"] = .array(
            reasons.map { reason in
                var json = JSONObject()
                if let node = reason.node { json["node"] = .string(node) }
                json["message"] = .string(reason.message)
                return .object(json)
            })
        return json
    }
}

/// A record of `/fleet/nodes`.
public struct FleetNodeRecord: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        case up
        case down
        /// Removed while it was dead, its addresses not yet released.
        case quarantined
    }

    public var name: String
    public var number: UInt32
    public var state: State
    /// The lowest rung of its edges; `nil` before its first report.
    public var rung: String?
    /// Sentences an operator must act on.
    public var problems: [String]
    /// How long it took to be protected, the last time that it joined; `nil` before.
    public var joinMicroseconds: UInt64?

    public init(
        name: String, number: UInt32, state: State, rung: String?, problems: [String], joinMicroseconds: UInt64?
    ) {
        self.name = name
        self.number = number
        self.state = state
        self.rung = rung
        self.problems = problems
        self.joinMicroseconds = joinMicroseconds
    }

    public var json: JSONObject {
        var json: JSONObject = [
            "name": .string(name), "number": .number(UInt64(number)), "state": .string(state.rawValue),
        ]
        if let rung { json["rung"] = .string(rung) }
        json["degraded"] = .bool(!problems.isEmpty)
        json["problems"] = .array(problems.map(JSONValue.string))
        if let joinMicroseconds { json["join_microseconds"] = .number(joinMicroseconds) }
        return json
    }
}

/// A record of `/security/ipsec/security-associations`: both directions between two addresses.
public struct AssociationRecord: Hashable, Sendable {
    public struct Flow: Hashable, Sendable {
        public var spi: UInt32
        public var bytes: UInt64
        public var packets: UInt64

        public init(spi: UInt32, bytes: UInt64, packets: UInt64) {
            self.spi = spi
            self.bytes = bytes
            self.packets = packets
        }

        /// SPIs are strings from 9.8 on; eight digits, as ONTAP's command line and `ip xfrm` show them.
        fileprivate var json: JSONValue {
            let digits = String(spi, radix: 16)
            return [
                "security_parameter_index": .string(String(repeating: "0", count: 8 - digits.count) + digits),
                "bytes": .number(bytes), "packets": .number(packets),
            ]
        }
    }

    public var uuid: String
    public var nodeUUID: String
    public var nodeName: String
    public var local: String
    public var remote: String
    public var isSending: Bool
    public var inbound: Flow?
    public var outbound: Flow?

    public init(
        uuid: String, nodeUUID: String, nodeName: String, local: String, remote: String, isSending: Bool,
        inbound: Flow?,
        outbound: Flow?
    ) {
        self.uuid = uuid
        self.nodeUUID = nodeUUID
        self.nodeName = nodeName
        self.local = local
        self.remote = remote
        self.isSending = isSending
        self.inbound = inbound
        self.outbound = outbound
    }

    public var json: JSONObject {
        var ipsec: JSONObject = ["action": "esp_transport", "state": isSending ? "INSTALLED" : "INSTALLING"]
        if let inbound { ipsec["inbound"] = inbound.json }
        if let outbound { ipsec["outbound"] = outbound.json }
        return [
            "uuid": .string(uuid), "type": "ipsec", "cipher_suite": "suiteb_gcm256",
            "node": ["uuid": .string(nodeUUID), "name": .string(nodeName)], "local_address": .string(local),
            "remote_address": .string(remote), "policy_name": "testudo", "scope": "cluster", "ipsec": .object(ipsec),
        ]
    }
}

/// A record of `/fleet/edges`.
public struct EdgeRecord: Hashable, Sendable {
    public var node: String
    public var peer: String
    /// `nil` before the node's first report.
    public var rung: String?
    public var oppositeRung: String?
    public var isWhole: Bool
    public var sets: [UInt64]

    public init(node: String, peer: String, rung: String?, oppositeRung: String?, isWhole: Bool, sets: [UInt64]) {
        self.node = node
        self.peer = peer
        self.rung = rung
        self.oppositeRung = oppositeRung
        self.isWhole = isWhole
        self.sets = sets
    }

    public var json: JSONObject {
        var json: JSONObject = [
            "id": .string("\(node):\(peer)"), "node": ["name": .string(node)], "peer": ["name": .string(peer)],
        ]
        if let rung { json["rung"] = .string(rung) }
        if let oppositeRung { json["opposite_rung"] = .string(oppositeRung) }
        json["is_whole"] = .bool(isWhole)
        json["sets"] = .array(sets.map(JSONValue.number))
        return json
    }
}

/// A record of `/fleet/events`.
public struct EventRecord: Hashable, Sendable {
    public var id: UInt64
    /// ISO 8601, UTC.
    public var time: String
    public var level: String
    public var message: String
    public var node: String?
    /// Names and values, as in the log.
    public var details: String

    public init(id: UInt64, time: String, level: String, message: String, node: String?, details: String) {
        self.id = id
        self.time = time
        self.level = level
        self.message = message
        self.node = node
        self.details = details
    }

    public var json: JSONObject {
        var json: JSONObject = [
            "id": .number(id), "time": .string(time), "level": .string(level), "message": .string(message),
        ]
        if let node { json["node"] = ["name": .string(node)] }
        json["details"] = .string(details)
        return json
    }
}

extension JSONValue {
    /// As large as JSON numbers are read back here.
    fileprivate static func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }
}
