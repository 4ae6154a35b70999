public import Fleet

/// Everything that must survive a coordinator's crash. Persist → send → answer, in that order.
public protocol Journal: Sendable {
    /// What is kept; makes the fleet's identity (epoch, id, uuid) at the first call ever.
    func load() async throws(JournalError) -> JournalState
    /// Durable when it returns, all or nothing.
    func record(_ entries: [JournalEntry]) async throws(JournalError)
}

public struct JournalState: Hashable, Sendable {
    public var epoch: Epoch
    /// 16 bytes, the salt of key derivations.
    public var fleetID: [UInt8]
    /// RFC 4122 text form.
    public var fleetUUID: String
    /// Numbers once given are never given to another name.
    public var numbers: [NodeName: NodeNumber]
    /// The newest roster, `nil` before the first.
    public var roster: RosterVersion?
    /// What the operator last asked for and got.
    public var desired: Bool
    /// The newest generation that may have been ordered.
    public var generation: Generation
    /// The newest rollout's id, 0 before the first.
    public var rollout: UInt64

    public init(
        epoch: Epoch, fleetID: [UInt8], fleetUUID: String, numbers: [NodeName: NodeNumber] = [:],
        roster: RosterVersion? = nil, desired: Bool = false, generation: Generation = .none, rollout: UInt64 = 0
    ) {
        self.epoch = epoch
        self.fleetID = fleetID
        self.fleetUUID = fleetUUID
        self.numbers = numbers
        self.roster = roster
        self.desired = desired
        self.generation = generation
        self.rollout = rollout
    }
}

/// One fact for the journal.
public enum JournalEntry: Hashable, Sendable {
    case number(NodeName, NodeNumber)
    case roster(RosterVersion)
    case desired(Bool)
    /// A rollout begins: whose call it answers.
    case began(rollout: UInt64, target: Bool, user: String)
    case plan(rollout: UInt64, Generation, isWayBack: Bool)
    case step(rollout: UInt64, Stamp, name: String)
    /// A rollout ended; the reasons are empty for a success.
    case ended(rollout: UInt64, isSuccess: Bool, reasons: [String])
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
