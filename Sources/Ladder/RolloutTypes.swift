public import Fleet

extension Rollout {
    /// What a rollout is for.
    public enum Kind: Hashable, Sendable {
        /// Every edge to `enforce`; on failure back to where each began.
        case enable
        /// Every edge to `clear`; done when every edge is at `accept` or lower; on failure back up.
        case disable
        /// Brings edges that a failure left behind to a rung, without a way back.
        case settle(Rung)

        public var goal: Rung {
            switch self {
            case .enable: .enforce
            case .disable: .clear
            case .settle(let rung): rung
            }
        }
    }

    /// What the coordinator must do next, in order.
    public enum Effect: Hashable, Sendable {
        /// Make this durable before anything that follows.
        case journal(Note)
        /// Order these nodes; a move's nodes get the offer set that it names first.
        case send(Order, to: [NodeNumber])
        /// Send this node what it lacks.
        case supply(Report.Missing, to: NodeNumber)
        /// Make the offer set known by its digest: answer with ``Rollout/published(_:at:)``.
        case publish(OfferSet)
        /// Wake the rollout at this moment with ``Rollout/tick(at:)``; a later one replaces an earlier one.
        case arm(Instant)
        /// The rollout is over.
        case finish(Outcome)
    }

    /// What the journal keeps of a rollout.
    public enum Note: Hashable, Sendable {
        /// A plan begins under this generation: nothing older may be ordered again.
        case plan(Generation, isWayBack: Bool)
        /// A step begins; its name is for people.
        case step(Stamp, name: String)
    }

    /// How a rollout ended.
    public enum Outcome: Hashable, Sendable {
        /// Every edge is where it should be; `isSettled` is false where cleaning up is left to do.
        case done(isSettled: Bool)
        /// The goal was not reached. `isSettled` is false where edges could not go back because a node is silent.
        case failed(Failure, isSettled: Bool)
    }

    /// Why a rollout failed.
    public struct Failure: Hashable, Sendable {
        /// Whether a kernel or an agent lacks what IPsec needs.
        public var isUnsupported: Bool
        public var reasons: [Reason]

        public init(isUnsupported: Bool, reasons: [Reason]) {
            self.isUnsupported = isUnsupported
            self.reasons = reasons
        }
    }

    /// One node's part in a failure.
    public struct Reason: Hashable, Sendable {
        public var node: NodeNumber?
        /// The edge's other end, `nil` for the whole node.
        public var peer: NodeNumber?
        public var message: String

        public init(node: NodeNumber?, peer: NodeNumber? = nil, message: String) {
            self.node = node
            self.peer = peer
            self.message = message
        }
    }

    /// What identifies a rollout and does not change while it runs.
    public struct Charter: Hashable, Sendable {
        public var id: UInt64
        public var kind: Kind
        public var epoch: Epoch
        public var roster: RosterVersion
        /// All nodes of the roster.
        public var numbers: [NodeNumber]
        /// The first generation to use: above every one that any node is known to have accepted.
        public var generation: Generation
        public var limits: RolloutLimits

        public init(
            id: UInt64, kind: Kind, epoch: Epoch, roster: RosterVersion, numbers: [NodeNumber],
            generation: Generation, limits: RolloutLimits
        ) {
            self.id = id
            self.kind = kind
            self.epoch = epoch
            self.roster = roster
            self.numbers = numbers.sorted()
            self.generation = generation
            self.limits = limits
        }
    }
}
