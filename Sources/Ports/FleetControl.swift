public import Fleet

/// What the REST server asks of the coordinator.
public protocol FleetControl: Sendable {
    /// The fleet as the coordinator knows it, from memory: never waits for a node.
    func status() -> FleetStatus
    /// Turns the whole fleet on or off and answers when it is done or back where it began, within 25 s.
    ///
    /// A call with the target of the rollout under way joins it; one with the opposite target waits for its end.
    func setEnabled(_ enabled: Bool, requestedBy user: String) async -> RolloutAnswer
}

/// How a call to turn the fleet on or off ended.
public enum RolloutAnswer: Hashable, Sendable {
    /// Target and every edge agreed already.
    case unchanged
    case done
    case failed(RolloutFailure)
}

/// Why a rollout failed. Every edge that could go is back where it began.
public struct RolloutFailure: Error, Hashable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// ONTAP's 66257199: a kernel or an agent lacks what IPsec needs. Refused before anything changed.
        case unsupported
        /// ONTAP's 66256898.
        case enableFailed
        /// ONTAP's 66256899.
        case disableFailed
    }

    /// One node's part in a failure.
    public struct Reason: Hashable, Sendable {
        /// `nil` where the reason is the fleet's, such as "no node is enrolled".
        public var node: NodeName?
        /// A sentence: the kernel's own words, or `no report within 10 s`.
        public var message: String

        public init(node: NodeName?, message: String) {
            self.node = node
            self.message = message
        }
    }

    public var cause: Cause
    public var reasons: [Reason]

    public init(cause: Cause, reasons: [Reason]) {
        self.cause = cause
        self.reasons = reasons
    }
}

/// The fleet at one moment.
public struct FleetStatus: Hashable, Sendable {
    public var name: String
    /// RFC 4122 text form.
    public var uuid: String
    /// The target is on and no edge is known to carry or take clear traffic (ARCHITECTURE.md, "enabled").
    public var enabled: Bool
    /// Ordered by number.
    public var nodes: [NodeStatus]
    /// The newest rollouts, newest first, at most ``rolloutsMaximum``.
    public var rollouts: [RolloutRecord]

    /// As many as an operator scrolls through; the journal keeps them all.
    public static let rolloutsMaximum = 32

    public init(name: String, uuid: String, enabled: Bool, nodes: [NodeStatus], rollouts: [RolloutRecord]) {
        self.name = name
        self.uuid = uuid
        self.enabled = enabled
        self.nodes = nodes
        self.rollouts = rollouts
    }
}

public struct NodeStatus: Hashable, Sendable {
    public var name: NodeName
    public var number: NodeNumber
    /// Whether the agent is heard from and has reported.
    public var isPresent: Bool
    /// The lowest rung of its edges by its last read-back, `nil` before the first.
    public var rung: Rung?
    /// Sentences an operator must act on.
    public var problems: [String]

    public init(name: NodeName, number: NodeNumber, isPresent: Bool, rung: Rung?, problems: [String]) {
        self.name = name
        self.number = number
        self.isPresent = isPresent
        self.rung = rung
        self.problems = problems
    }
}

/// One rollout, under way or ended.
public struct RolloutRecord: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable {
        case running
        case success
        case failure
    }

    /// One rung's order and the reports on it, or the drain.
    public struct Step: Hashable, Sendable {
        /// `preflight`, `offers`, `accept`, `send`, `drain`, `enforce`, `clear` …
        public var name: String
        public var microseconds: UInt64

        public init(name: String, microseconds: UInt64) {
            self.name = name
            self.microseconds = microseconds
        }
    }

    /// Grows by one a rollout.
    public var id: UInt64
    public var target: Bool
    public var outcome: Outcome
    /// From the call to the outcome, drain included.
    public var microseconds: UInt64
    /// The part of it that was waited on purpose.
    public var drainMicroseconds: UInt64
    public var steps: [Step]
    /// Empty unless `outcome` is `failure`.
    public var reasons: [RolloutFailure.Reason]

    public init(
        id: UInt64, target: Bool, outcome: Outcome, microseconds: UInt64, drainMicroseconds: UInt64, steps: [Step],
        reasons: [RolloutFailure.Reason]
    ) {
        self.id = id
        self.target = target
        self.outcome = outcome
        self.microseconds = microseconds
        self.drainMicroseconds = drainMicroseconds
        self.steps = steps
        self.reasons = reasons
    }
}
