internal import Fleet

/// What one address pair needs for its place.
struct PairPlan {
    let pair: AddressPair
    let want: EdgeWant
    let have: SnapshotIndex.Holdings

    init(_ pair: AddressPair, of want: EdgeWant, _ have: SnapshotIndex.Holdings) {
        self.pair = pair
        self.want = want
        self.have = have
    }

    private var key: PairKey { pair.key }

    func add(to stages: inout Stages, _ removed: inout Removed) {
        let spent = spentAssociations
        stages.associationsOut += (spent.outbound + spent.inbound).map { .deleteAssociation($0.id) }
        removed.associations += spent.outbound.count + spent.inbound.count
        addMissingAssociations(to: &stages)

        let left = have.outbound.filter { !spent.outbound.contains($0) }.map(\.id.spi)
        let pin = pin(among: left, without: spent.outbound.map(\.id.spi))
        let wanted = wantedPolicies(pin) + trialPolicies(trial(among: left, besides: pin))
        let ids = Set(wanted.map(\.id))
        for policy in have.policies where !ids.contains(policy.id) {
            removed.policies += 1
            stages.remove(policy)
        }
        for policy in wanted {
            let present = have.policy(policy.id)
            if present == policy { continue }
            stages.put(policy, isPresent: present != nil)
        }
    }

    // MARK: SAs

    private typealias Associations = (inbound: [Association], outbound: [Association])

    private func isFresh(_ association: Association) -> Bool {
        association.id == pair.inbound.map(key.inbound) || association.id == pair.outbound.map(key.outbound)
    }

    /// SAs of ours that go.
    private var spentAssociations: Associations {
        func all(_ matches: (Association) -> Bool) -> Associations {
            (have.inbound.filter(matches), have.outbound.filter(matches))
        }
        switch (want.rung, want.keys) {
        case (.clear, _), (.closed, .old), (.closed, nil): return all { _ in true }
        case (_, .only): return willHaveFresh ? all { !isFresh($0) } : ([], [])
        case (.accept, .old), (.send, .old), (.enforce, .old): return all(isFresh)
        case (_, .held), (_, .used), (_, nil): return ([], [])
        }
    }

    /// The fresh SPIs that the kernel does not have.
    private var missing: (inbound: SPI?, outbound: SPI?) {
        (
            pair.inbound.flatMap { spi in have.inbound.contains { $0.id.spi == spi } ? nil : spi },
            pair.outbound.flatMap { spi in have.outbound.contains { $0.id.spi == spi } ? nil : spi }
        )
    }

    private var willHaveFresh: Bool {
        guard pair.inbound != nil, pair.outbound != nil else { return false }
        return want.makesAssociations || (missing.inbound == nil && missing.outbound == nil)
    }

    private var makesMissing: Bool { want.makesAssociations && want.keys ?? .old != .old && want.rung != .clear }

    private func addMissingAssociations(to stages: inout Stages) {
        guard makesMissing else { return }
        if let spi = missing.inbound {
            stages.inboundAssociationsIn.append(addition(key.inbound(spi)))
        }
        if let spi = missing.outbound {
            stages.outboundAssociationsIn.append(addition(key.outbound(spi)))
        }
    }

    private func addition(_ id: AssociationID) -> Change {
        .addAssociation(Association(id: id, replayWindow: want.replayWindow))
    }

    // MARK: Policies

    /// The policies for all traffic between the two addresses.
    private func wantedPolicies(_ pin: SPI) -> [Policy] {
        let inbound = [Direction.in, .forward].map { policy($0, spi: nil) }
        switch want.rung {
        case .clear, .accept: return []
        case .closed: return [policy(.out, spi: .nothing)] + inbound
        case .send: return [policy(.out, spi: pin)]
        case .enforce: return [policy(.out, spi: pin)] + inbound
        }
    }

    /// The policies for probes: they are sent with SAs that nothing else is sent with yet.
    private func trialPolicies(_ trial: SPI?) -> [Policy] {
        guard let spi = trial else { return [] }
        return [Direction.in, .out].map { direction in
            Policy(
                id: key.trialID(direction, port: want.probePort), priority: Ownership.trialPriority,
                action: .protect(Template(spi: direction == .out ? spi : nil)))
        }
    }

    private func trial(among left: [SPI], besides pin: SPI) -> SPI? {
        let spi: SPI? =
            switch (want.rung, want.keys) {
            case (.clear, _), (_, .used), (.send, .only), (.enforce, .only): nil
            case (_, .held) where pair.outbound == nil: onTrial(among: left)
            case (_, .held), (.accept, .only), (.closed, .only): willHaveFresh ? pair.outbound : nil
            case (.accept, .old), (_, nil):
                // At accept there is always something on trial.
                onTrial(among: left) ?? (want.rung == .accept ? left.last : nil)
            case (.send, .old), (.enforce, .old), (.closed, .old): nil
            }
        return want.rung.sendsESP && spi == pin ? nil : spi
    }

    /// What was on trial stays so, as long as its SA does.
    private func onTrial(among left: [SPI]) -> SPI? {
        have.policy(key.trialID(.out, port: want.probePort))?.pin.flatMap { left.contains($0) ? $0 : nil }
    }

    private func policy(_ direction: Direction, spi: SPI?) -> Policy {
        Policy(
            id: key.policyID(direction), priority: Ownership.pairPriority, action: .protect(Template(spi: spi)))
    }

    /// The SPI to send with. Where none is known nothing is sent: an edge never falls back to clear by itself.
    private func pin(among left: [SPI], without spent: [SPI]) -> SPI {
        if let sending = pair.sending { return sending }
        // A pin whose SA was lost stays, for nothing but fresh keys mends that; one whose SA goes does not.
        let pinned = have.policy(key.policyID(.out))?.pin
        if let pinned, pinned != .nothing, !spent.contains(pinned) { return pinned }
        let standing = left + (makesMissing ? missing.outbound.map { [$0] } ?? [] : [])
        return standing.count == 1 ? standing[0] : .nothing
    }
}
