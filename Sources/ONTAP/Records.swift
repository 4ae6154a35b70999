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

extension JSONValue {
    /// As large as JSON numbers are read back here.
    static func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }
}
