public import Fleet

/// The version of orders and reports that this build speaks. An agent with an older one counts as unsupported.
public let protocolVersion: UInt32 = 3

/// What the coordinator tells agents to do: the same for every node it is sent to. Idempotent.
public struct Order: Hashable, Sendable {
    public enum Task: Hashable, Sendable {
        /// Read back, and say what would refuse a climb. Changes nothing.
        case preflight
        /// Read back only. Changes nothing.
        case observe
        /// Make an offer for the order's generation. Changes no kernel state.
        case offer
        /// Put each edge on the place that the rule gives it, seen from the fresh set.
        case move(EdgeRule, fresh: Fresh?)
        /// Prove that edges' ESP paths work. Changes no kernel state but the policies for probes.
        case probe(Probe)
    }

    /// The offer set that an order's places are seen from.
    public struct Fresh: Hashable, Sendable {
        public var version: OfferSetVersion
        /// Whether SAs are made from it: an agent without the set answers `missing`.
        public var isMade: Bool

        public init(_ version: OfferSetVersion, isMade: Bool) {
            self.version = version
            self.isMade = isMade
        }
    }

    /// Which edges are probed, and what names the round.
    public struct Probe: Hashable, Sendable {
        public enum Scope: UInt8, Hashable, Sendable, CaseIterable {
            /// Edges with SAs that nothing is sent with yet.
            case trial = 1
            /// Edges that send ESP.
            case standing = 2
        }

        public var scope: Scope
        /// Drawn at random for this round alone.
        public var nonce: UInt64

        public init(_ scope: Scope, nonce: UInt64) {
            self.scope = scope
            self.nonce = nonce
        }
    }

    public var epoch: Epoch
    public var stamp: Stamp
    /// The rollout that it belongs to.
    public var rollout: UInt64
    /// The roster that the order is for: an agent that holds another answers `missing`.
    public var roster: RosterVersion
    public var task: Task
    /// On the coordinator's clock; an agent that reads it later, by its own estimate, answers `expired`.
    public var expiry: Instant

    public init(
        epoch: Epoch, stamp: Stamp, rollout: UInt64, roster: RosterVersion, task: Task, expiry: Instant
    ) {
        self.epoch = epoch
        self.stamp = stamp
        self.rollout = rollout
        self.roster = roster
        self.task = task
        self.expiry = expiry
    }
}

/// Why a node did not do what it was told, in words for the operator.
public struct Refusal: Hashable, Sendable {
    /// The most refusals that one report carries: enough to see a pattern, small enough for a frame.
    public static let perReportMaximum = 16
    /// In UTF-8 bytes; longer texts are cut.
    public static let messageLengthMaximum = 512

    public enum Cause: UInt8, Hashable, Sendable, CaseIterable {
        /// The kernel lacks ESP or the AEAD.
        case unsupported = 1
        /// Somebody else's policy or SA is in the way.
        case foreign = 2
        /// The kernel refused, in its own words.
        case kernel = 3
        /// The order makes no sense from where the node stands.
        case order = 4
        /// The key material for it is gone, as after a restart of the agent.
        case keys = 5
        /// A setting of the host would defeat IPsec.
        case host = 6
        /// ESP does not get through between two nodes.
        case path = 7
        /// The node's own configuration forbids it: `minimum_rung`, a pinned peer.
        case forbidden = 8
    }

    public var cause: Cause
    /// Which edge it concerns, `nil` for the whole node.
    public var peer: NodeNumber?
    public var message: String

    public init(cause: Cause, peer: NodeNumber? = nil, message: String) {
        self.cause = cause
        self.peer = peer
        self.message = message
    }
}

/// An agent's answer, made from kernel read-back.
public struct Report: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        case done
        case refused([Refusal])
        /// The agent does not hold the roster or the offer set that the order names: send it, and the order again.
        case missing(Missing)
        /// The agent has accepted a newer order already.
        case stale(newest: Stamp)
        /// Another order with the same stamp was accepted before.
        case conflict
        /// The order came after its expiry.
        case expired
    }

    public enum Missing: UInt8, Hashable, Sendable, CaseIterable {
        case roster = 1
        case offers = 2
    }

    /// The order's stamp; ``Stamp/none`` for a report that nobody asked for.
    public var answering: Stamp
    /// Grows with every report of one agent process: a late or duplicated one is known by it.
    public var sequence: UInt64
    public var verdict: Verdict
    /// By read-back, `nil` where the kernel could not be read or the roster is missing.
    public var standing: Standing?
    /// The answer to ``Order/Task/offer``.
    public var offer: Offer?
    /// The answer to ``Order/Task/probe(_:)``: the greatest round trip, from the first transmission.
    public var probeMicroseconds: UInt64?

    public init(
        answering: Stamp, sequence: UInt64, verdict: Verdict, standing: Standing?, offer: Offer? = nil,
        probeMicroseconds: UInt64? = nil
    ) {
        self.answering = answering
        self.sequence = sequence
        self.verdict = verdict
        self.standing = standing
        self.offer = offer
        self.probeMicroseconds = probeMicroseconds
    }
}

/// An agent's first message on a connection.
public struct Hello: Hashable, Sendable {
    public var protocolVersion: UInt32
    /// The kernel's boot id (/proc/sys/kernel/random/boot_id), 16 bytes: a new one means that the kernel forgot everything.
    public var bootID: [UInt8]
    /// Drawn at random when the process starts.
    public var incarnation: UInt64
    /// The journal that the newest generation belongs to, `nil` before the first order.
    public var epoch: Epoch?
    /// The greatest generation that the agent has persisted.
    public var newest: Generation
    /// The roster that the agent holds, `nil` for none: it is the largest of messages, and not sent again to who has it.
    public var roster: RosterVersion?

    public init(
        protocolVersion: UInt32, bootID: [UInt8], incarnation: UInt64, epoch: Epoch?, newest: Generation,
        roster: RosterVersion? = nil
    ) {
        self.protocolVersion = protocolVersion
        self.bootID = bootID
        self.incarnation = incarnation
        self.epoch = epoch
        self.newest = newest
        self.roster = roster
    }
}

/// The coordinator's answer to a hello: who the agent is and who its peers are.
public struct Welcome: Hashable, Sendable {
    public var number: NodeNumber
    /// `nil` for the one that the agent's hello named.
    public var roster: Roster?
    /// The coordinator's clock when it was sent.
    public var clock: Instant
    /// How often the agent is to be heard; it scales with the fleet.
    public var heartbeatMilliseconds: UInt32

    public init(number: NodeNumber, roster: Roster?, clock: Instant, heartbeatMilliseconds: UInt32) {
        self.number = number
        self.roster = roster
        self.clock = clock
        self.heartbeatMilliseconds = heartbeatMilliseconds
    }
}

/// A sign of life with the node's newest read-back.
public struct NodeHeartbeat: Hashable, Sendable {
    /// The most problems that one heartbeat carries.
    public static let problemsMaximum = 16

    /// Shares the counter of ``Report/sequence``.
    public var sequence: UInt64
    /// The newest order that was carried out.
    public var accepted: Stamp
    public var standing: Standing?
    /// The most packets that any SA of this node has sent: keys are worn by use.
    public var packets: UInt64
    /// Sentences an operator must act on.
    public var problems: [String]
    /// What the node holds ready for the next set, made ahead of time: it need not be asked for an offer then.
    public var spare: Offer?

    public init(
        sequence: UInt64, accepted: Stamp, standing: Standing?, packets: UInt64 = 0, problems: [String],
        spare: Offer? = nil
    ) {
        self.sequence = sequence
        self.accepted = accepted
        self.standing = standing
        self.packets = packets
        self.problems = problems
        self.spare = spare
    }
}

/// What travels from an agent to the coordinator.
public enum AgentMessage: Hashable, Sendable {
    case hello(Hello)
    case report(Report)
    case heartbeat(NodeHeartbeat)
    case associations(AssociationPage)
}

/// What travels from the coordinator to agents.
public enum CoordinatorMessage: Hashable, Sendable {
    case welcome(Welcome)
    case offers(OfferShare)
    case order(Order)
    case inquiry(Inquiry)
    /// The coordinator's clock, so that an agent can tell an expired order.
    case heartbeat(Instant)
}
