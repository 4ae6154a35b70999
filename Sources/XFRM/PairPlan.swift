internal import Fleet

/// What one address pair needs for its rung.
struct PairPlan {
    let pair: AddressPair
    let rung: Rung
    let replayWindow: UInt32
    let have: SnapshotIndex.Holdings

    init(_ pair: AddressPair, of want: EdgeWant, _ have: SnapshotIndex.Holdings) {
        self.pair = pair
        rung = want.rung
        replayWindow = want.replayWindow
        self.have = have
    }

    private var key: PairKey { pair.key }

    func add(to stages: inout Stages, _ removed: inout Removed) {
        let spent = spentAssociations
        let deletions =
            spent.outbound.map { Change.deleteAssociation($0.id) }
            + spent.inbound.map { Change.deleteAssociation($0.id) }
        if rung == .closed {
            stages.closedAssociationsOut += deletions
        } else {
            stages.associationsOut += deletions
        }
        removed.associations += deletions.count
        addWantedAssociations(to: &stages)

        let wanted = wantedPolicies(spent: spent)
        for policy in have.policies where !wanted.kept.contains(policy.id) {
            removed.policies += 1
            if policy.id.direction == .out {
                stages.outPoliciesOut.append(.deletePolicy(policy.id))
            } else {
                stages.inboundPoliciesOut.append(.deletePolicy(policy.id))
            }
        }
        for policy in wanted.policies {
            let present = have.policy(policy.id)
            if present == policy { continue }
            let change: Change = present == nil ? .addPolicy(policy) : .updatePolicy(policy)
            if policy.id.direction == .out {
                stages.outPoliciesIn.append(change)
            } else {
                stages.inboundPoliciesIn.append(change)
            }
        }
    }

    // MARK: SAs

    private typealias Associations = (inbound: [Association], outbound: [Association])

    /// SAs of ours that go. On the way from clear to `accept`, where nothing sends with them, that is whatever is not
    /// wanted. In an edge that is there already an SA beside the wanted one may still have packets in flight and stays
    /// (``Plan/spentAssociations(have:wants:)``): a repeated order changes nothing.
    private var spentAssociations: Associations {
        switch rung {
        case .clear, .closed: return (have.inbound, have.outbound)
        case .accept where have.policies.isEmpty && lacksWantedAssociation:
            return (
                pair.inbound.map { wanted in have.inbound.filter { $0.id.spi != wanted } } ?? [],
                pair.outbound.map { wanted in have.outbound.filter { $0.id.spi != wanted } } ?? []
            )
        case .accept, .send, .enforce: return ([], [])
        }
    }

    private var wantsAssociations: Bool {
        switch rung {
        case .accept, .send, .enforce: true
        case .clear, .closed: false
        }
    }

    /// The SPIs that the caller wants and the kernel does not have.
    private var missing: (inbound: SPI?, outbound: SPI?) {
        (
            pair.inbound.flatMap { spi in have.inbound.contains { $0.id.spi == spi } ? nil : spi },
            pair.outbound.flatMap { spi in have.outbound.contains { $0.id.spi == spi } ? nil : spi }
        )
    }

    private var lacksWantedAssociation: Bool { missing.inbound != nil || missing.outbound != nil }

    private func addWantedAssociations(to stages: inout Stages) {
        guard wantsAssociations else { return }
        if let spi = missing.inbound {
            stages.inboundAssociationsIn.append(addition(key.inbound(spi)))
        }
        if let spi = missing.outbound {
            stages.outboundAssociationsIn.append(addition(key.outbound(spi)))
        }
    }

    private func addition(_ id: AssociationID) -> Change {
        .addAssociation(Association(id: id, replayWindow: replayWindow))
    }

    // MARK: Policies

    /// The policies as they should be, and the ids of those that stay even where they are not as they should be.
    private func wantedPolicies(spent: Associations) -> (policies: [Policy], kept: Set<PolicyID>) {
        let inbound = [Direction.in, .forward].map { policy($0, spi: nil) }
        switch rung {
        case .clear, .accept: return ([], [])
        case .closed: return keep([policy(.out, spi: nil)] + inbound)
        case .send:
            guard let pin else { return ([], present([.out])) }
            return keep([policy(.out, spi: pin)])
        case .enforce:
            guard let pin else { return ([], present(Direction.allCases)) }
            let out = policy(.out, spi: pin)
            // Without an inbound SA a new in policy would only drop: one that stands already keeps standing.
            guard hasInbound else { return ([out], present(Direction.allCases).union([out.id])) }
            return keep([out] + inbound)
        }
    }

    private func keep(_ policies: [Policy]) -> (policies: [Policy], kept: Set<PolicyID>) {
        (policies, Set(policies.map(\.id)))
    }

    private func present(_ directions: [Direction]) -> Set<PolicyID> { Set(directions.map(key.policyID)) }

    private func policy(_ direction: Direction, spi: SPI?) -> Policy {
        Policy(
            id: key.policyID(direction), priority: Ownership.pairPriority, action: .protect(Template(spi: spi)))
    }

    /// The SPI to send with: the caller's; else the one that is pinned now; else the only one there is. `nil` where the
    /// SA does not exist and will not.
    private var pin: SPI? {
        if let wanted = pair.outbound { return wanted }
        let present = have.outbound.map(\.id.spi)
        if let pinned = have.policy(key.policyID(.out))?.pin, present.contains(pinned) { return pinned }
        return present.count == 1 ? present.first : nil
    }

    private var hasInbound: Bool { pair.inbound != nil || !have.inbound.isEmpty }
}
