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
    public var enabled: Bool

    public init(enabled: Bool) { self.enabled = enabled }

    public var json: JSONObject { ["enabled": .bool(enabled)] }
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
    /// Whether it turned IPsec on.
    public var target: Bool
    /// `running`, `success` or `failure`.
    public var outcome: String
    /// From the call to the outcome, drain included.
    public var durationMicroseconds: UInt64
    public var drainMicroseconds: UInt64
    public var steps: [Step]
    public var reasons: [Reason]

    public init(
        id: UInt64, target: Bool, outcome: String, durationMicroseconds: UInt64, drainMicroseconds: UInt64,
        steps: [Step], reasons: [Reason]
    ) {
        self.id = id
        self.target = target
        self.outcome = outcome
        self.durationMicroseconds = durationMicroseconds
        self.drainMicroseconds = drainMicroseconds
        self.steps = steps
        self.reasons = reasons
    }

    public var json: JSONObject {
        [
            "id": Self.number(id), "target": .bool(target), "outcome": .string(outcome),
            "duration_microseconds": Self.number(durationMicroseconds),
            "drain_microseconds": Self.number(drainMicroseconds),
            "steps": .array(
                steps.map { ["name": .string($0.name), "microseconds": Self.number($0.microseconds)] }),
            "reasons": .array(
                reasons.map { reason in
                    var json: JSONObject = ["message": .string(reason.message)]
                    if let node = reason.node { json = ["node": .string(node), "message": .string(reason.message)] }
                    return .object(json)
                }),
        ]
    }

    private static func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }
}
