internal import Fleet

/// A foreign object that stands where one of ours should, or takes the same traffic.
public enum ForeignObject: Hashable, Sendable {
    case policy(Policy)
    case association(Association)
}

extension ForeignObject: CustomStringConvertible {
    public var description: String {
        switch self {
        case .policy(let policy): "\(policy.id) exists and is not ours"
        case .association(let association): "SA \(association.id) exists and is not ours"
        }
    }
}

extension Plan {
    /// The foreign objects that preflight refuses over: policies with the id of one of ours or for exactly its traffic, or
    /// that overlap and outrank it, and SAs with the selector of one of ours or between the same addresses.
    ///
    /// What `wants` names counts as wanted whatever its rung, for it may climb later. In snapshot order, each once.
    public static func foreignInTheWay(have: Snapshot, wants: [EdgeWant], bypass: [Policy] = []) -> [ForeignObject] {
        let strangers = have.policies.filter { !Ownership.owns($0) }
        let strangeAssociations = have.associations.map(\.association).filter {
            !Ownership.owns($0) && $0.shape != .larval
        }
        if strangers.isEmpty && strangeAssociations.isEmpty { return [] }
        var policyIDs = Set(bypass.map(\.id))
        var selectors = Set<Selector>()
        for want in wants {
            for pair in want.pairs {
                for direction in Direction.allCases {
                    let id = pair.key.policyID(direction)
                    policyIDs.insert(id)
                    selectors.insert(id.selector)
                }
                for direction in [Direction.in, .out] {
                    policyIDs.insert(pair.key.trialID(direction, port: want.probePort))
                }
            }
        }
        let policies = strangers.filter { policy in
            if policyIDs.contains(policy.id) || selectors.contains(policy.id.selector) { return true }
            // One that outranks ours would take our traffic away from it, whatever our read-back says.
            return policy.priority <= Ownership.pairPriority
                && selectors.contains { $0.overlaps(policy.id.selector) }
        }
        let associations = strangeAssociations.filter { association in
            guard association.id.isOneFamily else { return false }
            return selectors.contains(association.selector)
                || selectors.contains(.pair(from: association.id.source, to: association.id.destination))
        }
        return policies.map { .policy($0) } + associations.map { .association($0) }
    }
}
