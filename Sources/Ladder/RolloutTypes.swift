public import Fleet

extension Rollout {
    /// What a rollout is for.
    public enum Kind: Hashable, Sendable {
        /// Every edge to `enforce`; on failure back to where each began.
        case enable
        /// Every edge to `clear`; done when every edge is at `accept` or lower; on failure back up.
        case disable
        /// Fresh keys for every edge at `enforce`; on failure back to the old ones.
        case rotate
        /// Every edge to `accept`.
        case prepare
        /// Edges that are not where the fleet should be to that rung, `enforce` or `clear`: nobody called for it.
        case converge(Rung)
        /// One node's edges to `clear`.
        case leave(NodeNumber)
        /// Nothing moves: edges that send ESP are probed.
        case inspect

        /// Where it takes the edges.
        func goal(among numbers: [NodeNumber], oldest: Generation, absent: Goal.Absent) -> Goal {
            var goal: Goal
            switch self {
            case .enable: goal = Goal(.enforce, absent: absent)
            case .disable: goal = Goal(.clear)
            case .rotate: goal = Goal(.enforce, freshness: .everywhere)
            case .prepare: goal = Goal(.accept)
            case .converge(let rung): goal = Goal(rung, absent: absent)
            case .leave(let node):
                let pairs = numbers.filter { $0 != node }.map { Edge(min(node, $0), max(node, $0)) }
                goal = Goal(nil, pairs: Dictionary(uniqueKeysWithValues: pairs.map { ($0, .some(.clear)) }))
            case .inspect: goal = Goal(nil)
            }
            goal.oldest = oldest
            return goal
        }

        /// Whether edges go up or get new keys: then what would refuse is asked for first.
        public var isClimb: Bool {
            switch self {
            case .enable, .rotate, .prepare, .converge(.enforce): true
            case .disable, .converge, .leave, .inspect: false
            }
        }

        /// Whether nobody called for it.
        public var isUncalled: Bool {
            switch self {
            case .converge, .inspect: true
            case .enable, .disable, .rotate, .prepare, .leave: false
            }
        }
    }

    /// What the coordinator must do next, in order.
    public enum Effect: Hashable, Sendable {
        /// Make this durable before anything that follows.
        case journal(Note)
        /// Order these nodes; where an order makes SAs its nodes get the offer set first.
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
        /// The goal was not reached. `isSettled` is false where edges could not go back, because a node is silent or
        /// because another call came.
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
        /// Nodes that were silent before it began, and that it goes on without.
        public var absent: Set<NodeNumber>
        /// What becomes of the edges to absent nodes.
        public var absentEdges: Goal.Absent
        /// Who is asked first what would refuse; empty for all.
        public var examined: Set<NodeNumber>
        /// The first generation to use: above every one that any node is known to have accepted.
        public var generation: Generation
        /// SAs of older sets are replaced.
        public var oldest: Generation
        /// Anti-replay window of the SAs that are made, in packets.
        public var replayWindow: UInt32
        /// Drawn at random: names the rounds of probes.
        public var nonce: UInt64
        /// The greatest round trip that the fleet's last probes met in microseconds, 0 where none is known: what drains
        /// without a probe of its own waits for.
        public var roundTripMicroseconds: UInt64
        public var limits: RolloutLimits

        public init(
            id: UInt64, kind: Kind, epoch: Epoch, roster: RosterVersion, numbers: [NodeNumber],
            absent: Set<NodeNumber> = [], absentEdges: Goal.Absent = .stay, examined: Set<NodeNumber> = [],
            generation: Generation, oldest: Generation = .none, replayWindow: UInt32 = 64, nonce: UInt64 = 0,
            roundTripMicroseconds: UInt64 = 0, limits: RolloutLimits
        ) {
            self.id = id
            self.kind = kind
            self.epoch = epoch
            self.roster = roster
            self.numbers = numbers.sorted()
            self.absent = absent
            self.absentEdges = absentEdges
            self.examined = examined
            self.generation = generation
            self.oldest = oldest
            self.replayWindow = replayWindow
            self.nonce = nonce
            self.roundTripMicroseconds = roundTripMicroseconds
            self.limits = limits
        }
    }
}
