internal import Fleet

/// A snapshot sorted by address pair, so that a thousand edges are read in time proportional to their number.
public struct SnapshotIndex: Sendable {
    /// What of ours the kernel holds for one pair, in snapshot order.
    struct Holdings {
        /// SAs from the peer to this node.
        var inbound: [Association] = []
        /// SAs from this node to the peer.
        var outbound: [Association] = []
        /// Policies of ours that require ESP between the two, also with ports.
        var policies: [Policy] = []

        static let none = Holdings()

        func policy(_ id: PolicyID) -> Policy? { policies.first { $0.id == id } }
    }

    /// An SA does not say whether it is inbound here: it is kept under its (source, destination).
    private var associations: [Endpoints: [Association]] = [:]
    private var policies: [PairKey: [Policy]] = [:]
    /// The bypass policies of ours, by id.
    let bypass: [PolicyID: Policy]
    let ownedAssociationCount: Int
    let ownedPairPolicyCount: Int

    private struct Endpoints: Hashable {
        var source: Address
        var destination: Address
    }

    public init(_ snapshot: Snapshot) {
        var associationCount = 0
        for observed in snapshot.associations where Ownership.owns(observed.association) {
            let id = observed.association.id
            associations[Endpoints(source: id.source, destination: id.destination), default: []]
                .append(observed.association)
            associationCount += 1
        }
        var bypass: [PolicyID: Policy] = [:]
        var pairPolicyCount = 0
        for policy in snapshot.policies where Ownership.owns(policy) {
            if policy.action == .bypass {
                bypass[policy.id] = policy
            } else {
                pairPolicyCount += 1
                if let pair = policy.id.pair { policies[pair, default: []].append(policy) }
            }
        }
        self.bypass = bypass
        ownedAssociationCount = associationCount
        ownedPairPolicyCount = pairPolicyCount
    }

    func holdings(_ pair: PairKey) -> Holdings {
        Holdings(
            inbound: associations[Endpoints(source: pair.peer, destination: pair.own)] ?? [],
            outbound: associations[Endpoints(source: pair.own, destination: pair.peer)] ?? [],
            policies: policies[pair] ?? [])
    }
}
