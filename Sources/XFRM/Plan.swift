internal import Fleet

/// The way from what the kernel holds to what edges should be, as changes in an order that is safe to stop at anywhere.
///
/// Bypass comes first and goes last. On the way up SAs stand before the out policy that sends with them, and the in and
/// forward policies come last; on the way down it is the mirror. Three promises:
///
/// - An SA is never made again: one that is missing, and whose SPI the caller does not know, stays missing, no policy
///   that needs it is added, and the read-back shows it. A protected edge that lost its SAs is wanted `closed`.
/// - A foreign object is never touched. A foreign policy where one of ours should stand makes the kernel refuse ours.
/// - What is right already is left alone: the plan of a plan's result is empty.
public enum Plan {
    /// - Parameters:
    ///   - have: a fresh read-back.
    ///   - wants: all edges that should change; an edge that is not named is not touched.
    ///   - bypass: the policies that stand as long as any edge is not clear; see ``BypassPolicies``.
    public static func changes(have: Snapshot, wants: [EdgeWant], bypass: [Policy]) -> [Change] {
        let index = SnapshotIndex(have)
        var stages = Stages()
        var removed = Removed()
        for want in wants {
            for pair in want.pairs {
                let change = PairPlan(pair, of: want, index.holdings(pair.key))
                change.add(to: &stages, &removed)
            }
        }
        let isAllClear =
            wants.allSatisfy { $0.rung == .clear } && removed.associations == index.ownedAssociationCount
            && removed.policies == index.ownedPairPolicyCount
        if isAllClear {
            stages.bypassOut = index.bypass.keys.sorted(by: PolicyID.precedes).map { .deletePolicy($0) }
        } else {
            stages.bypassIn = bypass.compactMap { wanted in
                guard let present = index.bypass[wanted.id] else { return .addPolicy(wanted) }
                return present == wanted ? nil : .updatePolicy(wanted)
            }
        }
        return stages.all
    }

    /// Bypass policies of ours that are in no list any more. Removing one is for the caller to time: a peer whose list
    /// still has it goes on sending that traffic clear, so out goes everywhere before in.
    public static func retiredBypass(have: Snapshot, bypass: [Policy]) -> [PolicyID] {
        let wanted = Set(bypass.map(\.id))
        return SnapshotIndex(have).bypass.keys.filter { !wanted.contains($0) }.sorted(by: PolicyID.precedes)
    }

    /// The last step of a rotation, after the drain: SAs of ours beside the wanted ones that no out policy sends with.
    ///
    /// A direction whose wanted SPI is not known, or not in the kernel, loses nothing.
    public static func spentAssociations(have: Snapshot, wants: [EdgeWant]) -> [Change] {
        let index = SnapshotIndex(have)
        var outbound: [Change] = []
        var inbound: [Change] = []
        for pair in wants.flatMap(\.pairs) {
            let holdings = index.holdings(pair.key)
            let pinned = holdings.policies.compactMap(\.pin)
            if let wanted = pair.outbound, holdings.outbound.contains(where: { $0.id.spi == wanted }) {
                outbound += holdings.outbound.filter { $0.id.spi != wanted && !pinned.contains($0.id.spi) }
                    .map { .deleteAssociation($0.id) }
            }
            if let wanted = pair.inbound, holdings.inbound.contains(where: { $0.id.spi == wanted }) {
                inbound += holdings.inbound.filter { $0.id.spi != wanted }.map { .deleteAssociation($0.id) }
            }
        }
        return outbound + inbound
    }
}

/// The changes of all edges, sorted into the one safe order.
struct Stages {
    var bypassIn: [Change] = []
    var inboundPoliciesOut: [Change] = []
    var outPoliciesOut: [Change] = []
    var associationsOut: [Change] = []
    var inboundAssociationsIn: [Change] = []
    var outboundAssociationsIn: [Change] = []
    var outPoliciesIn: [Change] = []
    var inboundPoliciesIn: [Change] = []
    /// SAs of edges that close: their policies stand already.
    var closedAssociationsOut: [Change] = []
    var bypassOut: [Change] = []

    var all: [Change] {
        let down = bypassIn + inboundPoliciesOut + outPoliciesOut + associationsOut
        let up = inboundAssociationsIn + outboundAssociationsIn + outPoliciesIn + inboundPoliciesIn
        return down + up + closedAssociationsOut + bypassOut
    }
}

/// How many objects of ours a plan removes: the bypass goes only when none is left.
struct Removed {
    var associations = 0
    var policies = 0
}

extension Policy {
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
