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

    /// The step that has not ended.
    public struct Progress: Hashable, Sendable {
        public var step: String
        public var nodes: Int
        public var nodesDone: Int

        public init(step: String, nodes: Int, nodesDone: Int) {
            self.step = step
            self.nodes = nodes
            self.nodesDone = nodesDone
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
    /// `nil` once it has ended.
    public var progress: Progress?
    public var reasons: [Reason]

    public init(
        id: UInt64, kind: String, outcome: String, durationMicroseconds: UInt64, drainMicroseconds: UInt64,
        probeMicroseconds: UInt64?, steps: [Step], progress: Progress?, reasons: [Reason]
    ) {
        self.id = id
        self.kind = kind
        self.outcome = outcome
        self.durationMicroseconds = durationMicroseconds
        self.drainMicroseconds = drainMicroseconds
        self.probeMicroseconds = probeMicroseconds
        self.steps = steps
        self.progress = progress
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
        if let progress {
            json["progress"] = [
                "step": .string(progress.step), "nodes": .integer(Int64(progress.nodes)),
                "nodes_done": .integer(Int64(progress.nodesDone)),
            ]
        }
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
