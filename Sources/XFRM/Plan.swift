public import Fleet

/// The way from what the kernel holds to what edges should be, as changes in an order that is safe to stop at anywhere.
///
/// Bypass comes first and goes last. On the way up SAs stand before the out policy that sends with them, and the in and
/// forward policies come last; on the way down it is the mirror: SAs go after every policy that sent with them. Three
/// promises:
///
/// - An SA is never made again: only the SAs of a fresh set are made, and only where the caller has their keys. A
///   policy whose SA is missing demands it all the same: nothing falls back to clear.
/// - A foreign object is never touched. A foreign policy where one of ours should stand makes the kernel refuse ours.
/// - What is right already is left alone: the plan of a plan's result is empty.
public enum Plan {
    /// - Parameters:
    ///   - have: a fresh read-back.
    ///   - wants: all edges that should change; an edge that is not named is not touched.
    ///   - bypass: the policies that stand as long as any edge is not clear; see ``BypassPolicies``.
    public static func changes(have: Snapshot, wants: [EdgeWant], bypass: [Policy]) -> [Change] {
        changes(have: SnapshotIndex(have), wants: wants, bypass: bypass)
    }

    /// As above, from an index that was made already.
    public static func changes(have index: SnapshotIndex, wants: [EdgeWant], bypass: [Policy]) -> [Change] {
        var stages = Stages()
        var removed = Removed()
        for want in wants {
            for pair in want.pairs {
                PairPlan(pair, of: want, index.holdings(pair.key)).add(to: &stages, &removed)
            }
        }
        let isAllClear =
            wants.allSatisfy { $0.rung == .clear } && removed.associations == index.ownedAssociationCount
            && removed.policies == index.ownedPairPolicyCount
        if isAllClear {
            stages.bypassOut = index.bypass.keys.sorted(by: PolicyID.precedes).map { .deletePolicy($0) }
        } else {
            stages.bypassIn = index.lacking(bypass)
        }
        return stages.all
    }

    /// What puts the bypass back where some edge is not clear; nothing where all are, for it then has no use.
    public static func bypassRepairs(in index: SnapshotIndex, bypass: [Policy]) -> [Change] {
        index.ownedAssociationCount + index.ownedPairPolicyCount > 0 ? index.lacking(bypass) : []
    }

    /// Bypass policies of ours that are in no list any more. Removing one is for the caller to time: a peer whose list
    /// still has it goes on sending that traffic clear, so out goes everywhere before in.
    public static func retiredBypass(have index: SnapshotIndex, bypass: [Policy]) -> [PolicyID] {
        let wanted = Set(bypass.map(\.id))
        return index.bypass.keys.filter { !wanted.contains($0) }.sorted(by: PolicyID.precedes)
    }
}

extension Plan {
    /// Removes what of ours stands between addresses that are no pair of this node's: of nodes that have left, and of
    /// addresses that were given up.
    ///
    /// - Parameter isKnown: whether (own, peer) is an address pair of some edge.
    public static func orphans(have: SnapshotIndex, isKnown: (Address, Address) -> Bool) -> [Change] {
        let unknown = have.betweens.filter { !isKnown($0.low, $0.high) && !isKnown($0.high, $0.low) }
        let policies = unknown.flatMap(\.policies)
        // What refuses clear goes before what sends ESP.
        let ordered = policies.filter { $0.id.direction != .out } + policies.filter { $0.id.direction == .out }
        return ordered.map { .deletePolicy($0.id) }
            + unknown.flatMap { $0.upward + $0.downward }.map { .deleteAssociation($0.id) }
    }
}

extension Plan {
    /// The address pairs, seen from this node, all of whose traffic some policy of ours is for; each once.
    public static func protectedPairs(in have: SnapshotIndex) -> [AddressPair] {
        have.betweens.compactMap { between in
            between.policies.lazy.compactMap { policy in
                policy.id.pair.flatMap { policy.id == $0.policyID(policy.id.direction) ? $0 : nil }
            }.first.map { AddressPair(own: $0.own, peer: $0.peer) }
        }
    }
}

/// The changes of all edges, sorted into the one safe order.
struct Stages {
    var bypassIn: [Change] = []
    private var inboundPoliciesOut: [Change] = []
    private var outPoliciesOut: [Change] = []
    private var trialsOut: [Change] = []
    var inboundAssociationsIn: [Change] = []
    var outboundAssociationsIn: [Change] = []
    private var trialsIn: [Change] = []
    private var outPoliciesIn: [Change] = []
    private var inboundPoliciesIn: [Change] = []
    /// After every policy that sent with them.
    var associationsOut: [Change] = []
    var bypassOut: [Change] = []

    mutating func remove(_ policy: Policy) {
        let change = Change.deletePolicy(policy.id)
        if policy.priority == Ownership.trialPriority {
            trialsOut.append(change)
        } else if policy.id.direction == .out {
            outPoliciesOut.append(change)
        } else {
            inboundPoliciesOut.append(change)
        }
    }

    mutating func put(_ policy: Policy, isPresent: Bool) {
        let change: Change = isPresent ? .updatePolicy(policy) : .addPolicy(policy)
        if policy.priority == Ownership.trialPriority {
            trialsIn.append(change)
        } else if policy.id.direction == .out {
            outPoliciesIn.append(change)
        } else {
            inboundPoliciesIn.append(change)
        }
    }

    var all: [Change] {
        let down = [bypassIn, inboundPoliciesOut, outPoliciesOut, trialsOut]
        let up = [inboundAssociationsIn, outboundAssociationsIn, trialsIn, outPoliciesIn, inboundPoliciesIn]
        let stages = down + up + [associationsOut, bypassOut]
        var changes: [Change] = []
        changes.reserveCapacity(stages.reduce(0) { $0 + $1.count })
        for stage in stages { changes += stage }
        return changes
    }
}

extension SnapshotIndex {
    /// The changes after which these bypass policies stand.
    fileprivate func lacking(_ wanted: [Policy]) -> [Change] {
        wanted.compactMap { policy in
            guard let present = bypass[policy.id] else { return .addPolicy(policy) }
            return present == policy ? nil : .updatePolicy(policy)
        }
    }
}

/// How many objects of ours a plan removes: the bypass goes only when none is left.
struct Removed {
    var associations = 0
    var policies = 0
}

extension Policy {
    /// The SPI that an out policy sends with, `nil` for any other policy.
    public var sendingSPI: SPI? { pin }

    var pin: SPI? {
        if case .protect(let template) = action, id.direction == .out { template.spi } else { nil }
    }
}

extension PolicyID {
    /// Some fixed order, so that the same snapshot gives the same plan.
    static func precedes(_ left: PolicyID, _ right: PolicyID) -> Bool {
        left.direction != right.direction
            ? left.direction.rawValue < right.direction.rawValue : left.description < right.description
    }
}
