public import Fleet
public import Ladder

/// What the REST server asks of the coordinator.
public protocol FleetControl: Sendable {
    /// The fleet as the coordinator knows it, from memory: never waits for a node.
    func status() -> FleetStatus
    /// Does what is asked and answers when it is done or back where it began: within 25 s of its rollout's beginning.
    ///
    /// A request for what the rollout under way does joins it; one for the opposite supersedes it at its next rung; any
    /// other waits for its end, 25 s at most, and is refused then.
    func perform(_ request: FleetRequest, requestedBy user: String) async -> RolloutAnswer
    /// Where every edge stands, from memory.
    func edges() async -> FleetEdges
    /// The SAs in a node's kernel, read there now; `nil` where it does not answer within two seconds.
    func associations(of node: NodeNumber) async -> [AssociationPair]?
}

/// What an operator may ask of the fleet.
public enum FleetRequest: Hashable, Sendable {
    /// PATCH of ONTAP's singleton: `nil` leaves a property as it is.
    case configure(enabled: Bool?, replayWindow: UInt32?)
    /// A rollout by its own name; `absent` outranks the configuration for this one.
    case rollout(RolloutKind, absent: AbsentPolicy?)
    /// Takes a node out of the fleet: a living one descends first, a dead one's addresses are quarantined.
    case remove(NodeName)
    /// Ends a removed node's quarantine: whoever takes its addresses next is no peer.
    case release(NodeName)
}

/// How a request ended.
public enum RolloutAnswer: Hashable, Sendable {
    /// Target and every edge agreed already, or there was nothing to change.
    case unchanged
    case done(rollout: UInt64)
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
        /// No node has that name.
        case unknownNode
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
    /// Anti-replay window of every SA, in packets; 0 for none.
    public var replayWindow: UInt32
    /// Ordered by number.
    public var nodes: [NodeStatus]
    /// The newest rollouts, newest first, at most ``rolloutsMaximum``.
    public var rollouts: [RolloutRecord]

    /// As many as an operator scrolls through; the journal keeps them all.
    public static let rolloutsMaximum = 32

    public init(
        name: String, uuid: String, enabled: Bool, replayWindow: UInt32 = JournalState.replayWindowStandard,
        nodes: [NodeStatus], rollouts: [RolloutRecord]
    ) {
        self.name = name
        self.uuid = uuid
        self.enabled = enabled
        self.replayWindow = replayWindow
        self.nodes = nodes
        self.rollouts = rollouts
    }
}

public struct NodeStatus: Hashable, Sendable {
    public var name: NodeName
    public var number: NodeNumber
    /// Whether the agent is heard from and has reported.
    public var isPresent: Bool
    /// Removed by the operator while it was dead: its addresses are closed at its peers until they are released.
    public var isQuarantined: Bool
    /// The lowest rung of its edges by its last read-back, `nil` before the first.
    public var rung: Rung?
    /// Sentences an operator must act on; a node that has any is degraded.
    public var problems: [String]
    /// From the agent's first word to every edge protected, the last time that it joined; `nil` before.
    public var joinMicroseconds: UInt64?

    public init(
        name: NodeName, number: NodeNumber, isPresent: Bool, isQuarantined: Bool = false, rung: Rung?,
        problems: [String], joinMicroseconds: UInt64? = nil
    ) {
        self.name = name
        self.number = number
        self.isPresent = isPresent
        self.isQuarantined = isQuarantined
        self.rung = rung
        self.problems = problems
        self.joinMicroseconds = joinMicroseconds
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
        /// `preflight`, `offers`, `accept`, `probe`, `send`, `drain`, `enforce`, `clear` …
        public var name: String
        public var microseconds: UInt64

        public init(name: String, microseconds: UInt64) {
            self.name = name
            self.microseconds = microseconds
        }
    }

    /// How far a step is that has not ended.
    public struct Progress: Hashable, Sendable {
        /// As ``Step/name``.
        public var step: String
        /// That are to answer; 0 while it is waited for the drain.
        public var nodes: Int
        public var nodesDone: Int

        public init(step: String, nodes: Int, nodesDone: Int) {
            self.step = step
            self.nodes = nodes
            self.nodesDone = nodesDone
        }
    }

    /// Grows by one a rollout.
    public var id: UInt64
    public var kind: RolloutKind
    public var outcome: Outcome
    /// From the call to the outcome, drain included.
    public var microseconds: UInt64
    /// The part of it that was waited on purpose.
    public var drainMicroseconds: UInt64
    /// The greatest round trip of a probe, from its first transmission; `nil` where none was sent.
    public var probeMicroseconds: UInt64?
    /// Those that have ended.
    public var steps: [Step]
    /// `nil` once it has ended.
    public var progress: Progress?
    /// Empty unless `outcome` is `failure`.
    public var reasons: [RolloutFailure.Reason]

    public init(
        id: UInt64, kind: RolloutKind, outcome: Outcome, microseconds: UInt64, drainMicroseconds: UInt64,
        probeMicroseconds: UInt64? = nil, steps: [Step], reasons: [RolloutFailure.Reason]
    ) {
        self.id = id
        self.kind = kind
        self.outcome = outcome
        self.microseconds = microseconds
        self.drainMicroseconds = drainMicroseconds
        self.probeMicroseconds = probeMicroseconds
        self.steps = steps
        self.reasons = reasons
    }
}
