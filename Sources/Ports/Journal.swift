public import Fleet

/// Everything that must survive a coordinator's crash. Persist → send → answer, in that order.
public protocol Journal: Sendable {
    /// What is kept; makes the fleet's identity (epoch, id, uuid) at the first call ever.
    func load() async throws(JournalError) -> JournalState
    /// Durable when it returns, all or nothing.
    func record(_ entries: [JournalEntry]) async throws(JournalError)
}

public struct JournalState: Hashable, Sendable {
    /// A rollout that began and has no end: the coordinator died in it.
    public struct OpenRollout: Hashable, Sendable {
        public var id: UInt64
        public var kind: RolloutKind
        public var absent: AbsentPolicy
        /// The operator who called, or `coordinator`.
        public var user: String
        public var isWayBack: Bool
        /// The anti-replay window that it brings, in packets; `nil` where it brings none.
        public var replayWindow: UInt32?

        public init(
            id: UInt64, kind: RolloutKind, absent: AbsentPolicy, user: String, isWayBack: Bool,
            replayWindow: UInt32? = nil
        ) {
            self.id = id
            self.kind = kind
            self.absent = absent
            self.user = user
            self.isWayBack = isWayBack
            self.replayWindow = replayWindow
        }
    }

    /// How a node that was removed stands.
    public struct Removal: Hashable, Sendable {
        public var number: NodeNumber
        /// Closed at its peers until released; empty for a node that descended before it left, or was released.
        public var quarantined: [Address]

        public init(number: NodeNumber, quarantined: [Address]) {
            self.number = number
            self.quarantined = quarantined
        }
    }

    /// The window of a fleet whose operator chose none: the smallest that ONTAP knows. ONTAP's own is 0, no
    /// protection from replayed packets at all.
    public static let replayWindowStandard: UInt32 = 64

    public var epoch: Epoch
    /// 16 bytes, the salt of key derivations.
    public var fleetID: [UInt8]
    /// RFC 4122 text form.
    public var fleetUUID: String
    /// Numbers once given are never given to another name.
    public var numbers: [NodeName: NodeNumber]
    /// The addresses that nodes had when the coordinator was last started; a name that is missing had none noted yet.
    public var addresses: [NodeName: [Address]]
    /// Nodes that were taken out by a call: the configuration may still list them.
    public var removed: [NodeName: Removal]
    /// The newest roster, `nil` before the first.
    public var roster: RosterVersion?
    /// What the operator last asked for and got.
    public var desired: Bool
    /// The anti-replay window of new SAs, in packets.
    public var replayWindow: UInt32
    /// The newest generation that may have been ordered.
    public var generation: Generation
    /// SAs of older sets are replaced: a rotation went on without their node, or they have another window.
    public var oldest: Generation
    /// The newest rollout's id, 0 before the first.
    public var rollout: UInt64
    /// The newest rollout, where it has no end.
    public var open: OpenRollout?
    /// Nodes knew more than this journal: it is an old one or a new one, and ``desired`` is not what was asked for last.
    public var isBehind: Bool

    public init(
        epoch: Epoch, fleetID: [UInt8], fleetUUID: String, numbers: [NodeName: NodeNumber] = [:],
        addresses: [NodeName: [Address]] = [:],
        removed: [NodeName: Removal] = [:], roster: RosterVersion? = nil, desired: Bool = false,
        replayWindow: UInt32 = replayWindowStandard, generation: Generation = .none,
        oldest: Generation = .none, rollout: UInt64 = 0,
        open: OpenRollout? = nil, isBehind: Bool = false
    ) {
        self.epoch = epoch
        self.fleetID = fleetID
        self.fleetUUID = fleetUUID
        self.numbers = numbers
        self.addresses = addresses
        self.removed = removed
        self.roster = roster
        self.desired = desired
        self.replayWindow = replayWindow
        self.generation = generation
        self.oldest = oldest
        self.rollout = rollout
        self.open = open
        self.isBehind = isBehind
    }
}

/// One fact for the journal.
public enum JournalEntry: Hashable, Sendable {
    case number(NodeName, NodeNumber)
    /// What a node's addresses are from now on.
    case addresses(NodeName, [Address])
    /// A node was taken out by a call.
    case removed(NodeName, quarantined: [Address])
    /// The addresses of a removed node are free again.
    case released(NodeName)
    case roster(RosterVersion)
    case desired(Bool)
    case replayWindow(UInt32)
    /// SAs of older sets are to be replaced.
    case oldest(Generation)
    /// A rollout begins: whose call it answers, and the window that it brings.
    case began(rollout: UInt64, kind: RolloutKind, absent: AbsentPolicy, user: String, replayWindow: UInt32? = nil)
    case plan(rollout: UInt64, Generation, isWayBack: Bool)
    case step(rollout: UInt64, Stamp, name: String)
    /// A rollout ended; the reasons are empty for a success.
    case ended(rollout: UInt64, isSuccess: Bool, reasons: [String])
    /// Nodes know more than this journal.
    case behind
    /// An operator has said which state is meant; nothing up to this generation is news any more.
    case caughtUp(Generation)
}

/// The journal could not be read or written: nothing may be sent or answered on the strength of it.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var message: String

    public init(operation: String, message: String) {
        self.operation = operation
        self.message = message
    }

    public var description: String { "journal: \(operation): \(message)" }
}
