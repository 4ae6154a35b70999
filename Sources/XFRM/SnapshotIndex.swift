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

    /// Both ways of a pair in one place, with the lower address in front: an SA does not say which end is here.
    private struct Ends: Hashable {
        var low: Address
        var high: Address

        init(_ one: Address, _ other: Address) { (low, high) = one < other ? (one, other) : (other, one) }
    }

    /// What stands between two addresses.
    struct Between {
        var low: Address
        var high: Address
        /// From the lower address to the higher.
        var upward: [Association] = []
        var downward: [Association] = []
        var policies: [Policy] = []
    }

    private var places: [Ends: Int] = [:]
    /// In the order in which the snapshot names them.
    private(set) var betweens: [Between] = []
    /// The bypass policies of ours, by id.
    private(set) var bypass: [PolicyID: Policy] = [:]
    private(set) var ownedAssociationCount = 0
    private(set) var ownedPairPolicyCount = 0

    public init(_ snapshot: Snapshot) {
        // Two SAs and three policies a pair, where nothing is under way.
        places.reserveCapacity(snapshot.policies.count / 3)
        betweens.reserveCapacity(snapshot.policies.count / 3)
        insert(snapshot)
    }

    /// What there is of ours for pairs of hosts.
    public var ownedCount: Int { ownedAssociationCount + ownedPairPolicyCount }

    public var associationCount: Int { ownedAssociationCount }

    /// Sees every SA of ours.
    public func forEachAssociation(_ body: (Association) -> Void) {
        for between in betweens {
            between.upward.forEach(body)
            between.downward.forEach(body)
        }
    }

    /// Every policy of ours that requires ESP.
    public var pairPolicies: [Policy] { betweens.flatMap(\.policies) }

    /// The ids of the bypass policies of ours.
    public var bypassIDs: [PolicyID] { Array(bypass.keys) }

    /// What a change is about, `nil` where that is a bypass policy.
    public func pairObject(of change: Change) -> ObjectID? {
        switch change {
        case .addAssociation(let association): .association(association.id)
        case .deleteAssociation(let id): .association(id)
        case .addPolicy(let policy), .updatePolicy(let policy): policy.action == .bypass ? nil : .policy(policy.id)
        case .deletePolicy(let id): bypass[id] == nil ? .policy(id) : nil
        }
    }

    /// What it knows of a pair.
    public func objects(of pair: AddressPair) -> [ObjectID] {
        guard let place = places[Ends(pair.own, pair.peer)] else { return [] }
        let between = betweens[place]
        return (between.upward + between.downward).map { .association($0.id) } + between.policies.map { .policy($0.id) }
    }

    /// These pairs were read back anew: what it knew of them is void.
    public mutating func replace(_ pairs: [AddressPair], with found: Snapshot) {
        for pair in pairs {
            let ends = Ends(pair.own, pair.peer)
            guard let place = places[ends] else { continue }
            let old = betweens[place]
            ownedAssociationCount -= old.upward.count + old.downward.count
            ownedPairPolicyCount -= old.policies.count
            betweens[place] = Between(low: ends.low, high: ends.high)
        }
        insert(found)
    }

    private mutating func insert(_ snapshot: Snapshot) {
        for observed in snapshot.associations where Ownership.owns(observed.association) {
            let id = observed.association.id
            let place = place(of: Ends(id.source, id.destination))
            if id.source < id.destination {
                betweens[place].upward.append(observed.association)
            } else {
                betweens[place].downward.append(observed.association)
            }
            ownedAssociationCount += 1
        }
        for policy in snapshot.policies where Ownership.owns(policy) {
            if policy.action == .bypass {
                bypass[policy.id] = policy
                continue
            }
            ownedPairPolicyCount += 1
            if let pair = policy.id.pair { betweens[place(of: Ends(pair.own, pair.peer))].policies.append(policy) }
        }
    }

    private mutating func place(of ends: Ends) -> Int {
        if let place = places[ends] { return place }
        places[ends] = betweens.count
        betweens.append(Between(low: ends.low, high: ends.high))
        return betweens.count - 1
    }

    func holdings(_ pair: PairKey) -> Holdings {
        guard let place = places[Ends(pair.own, pair.peer)] else { return .none }
        let between = betweens[place]
        let isLower = pair.own < pair.peer
        return Holdings(
            inbound: isLower ? between.downward : between.upward,
            outbound: isLower ? between.upward : between.downward,
            policies: between.policies)
    }
}
