public import Fleet

/// Where an edge stands by the kernel's own account, and with which SAs.
///
/// While a change is half made the edge stands between two rungs: `low` is what every part of it has reached, `high`
/// the highest that any part has. Foreign objects do not count: ``Plan/foreignInTheWay(have:wants:bypass:)`` names
/// them.
public struct EdgeReading: Hashable, Sendable {
    /// One address pair's SAs and where it stands by itself.
    public struct Pair: Hashable, Sendable {
        public var own: Address
        public var peer: Address
        /// SPIs of our SAs from the peer; several while keys are being changed.
        public var inbound: [SPI]
        /// SPIs of our SAs to the peer.
        public var outbound: [SPI]
        /// The SPI that the out policy sends with.
        public var pinned: SPI?
        public var low: Rung
        public var high: Rung
    }

    public var low: Rung
    public var high: Rung
    public var pairs: [Pair]

    /// Reads one edge. For many edges make the ``SnapshotIndex`` once.
    public static func read(_ snapshot: Snapshot, pairs: [AddressPair]) -> EdgeReading {
        read(SnapshotIndex(snapshot), pairs: pairs)
    }

    /// Reads one edge from an indexed snapshot. The SPIs in `pairs` are not looked at. No pair reads as clear.
    public static func read(_ index: SnapshotIndex, pairs: [AddressPair]) -> EdgeReading {
        let readings = pairs.map { Pair(own: $0.own, peer: $0.peer, index.holdings($0.key)) }
        // `closed` sorts above `enforce`: a mixture of the two reads enforce…closed, which both protect.
        return EdgeReading(
            low: readings.map(\.low).min() ?? .clear, high: readings.map(\.high).max() ?? .clear, pairs: readings)
    }
}

extension EdgeReading.Pair {
    fileprivate init(own: Address, peer: Address, _ holdings: SnapshotIndex.Holdings) {
        self.own = own
        self.peer = peer
        inbound = holdings.inbound.map(\.id.spi)
        outbound = holdings.outbound.map(\.id.spi)
        let key = PairKey(own: own, peer: peer)
        let policies = PolicyReading(holdings, key)
        pinned = policies.pin
        let isPinnedToPresent = policies.pin.map(outbound.contains) ?? false
        (low, high) = Self.range(
            policies, isPinned: isPinnedToPresent, hasIn: !inbound.isEmpty, hasOut: !outbound.isEmpty)
    }

    private static func range(
        _ policies: PolicyReading, isPinned: Bool, hasIn: Bool, hasOut: Bool
    ) -> (low: Rung, high: Rung) {
        let hasAll = hasIn && hasOut
        if policies.isWhole {
            if hasAll && isPinned { return (.enforce, .enforce) }
            // Clear neither leaves nor enters, and ESP does not pass both ways.
            return hasIn || hasOut ? (.enforce, .closed) : (.closed, .closed)
        }
        if !hasIn && !hasOut { return policies.isEmpty ? (.clear, .clear) : (.clear, .closed) }
        let low: Rung =
            if !hasAll { .clear } else if policies.requiresOut && isPinned { .send } else { .accept }
        let high: Rung =
            if policies.hasInbound { .enforce } else if policies.hasOut { .send } else { .accept }
        return (low, high)
    }
}

/// Which of a pair's three policies are there, and which demand what they should.
private struct PolicyReading {
    var hasOut = false
    var hasInbound = false
    var requiresOut = false
    var requiresIn = false
    var requiresForward = false
    var pin: SPI?

    var isWhole: Bool { requiresOut && requiresIn && requiresForward }
    var isEmpty: Bool { !hasOut && !hasInbound }

    init(_ holdings: SnapshotIndex.Holdings, _ key: PairKey) {
        for policy in holdings.policies {
            guard case .protect(let template) = policy.action else { continue }
            // A policy with ports is no pair policy: it lets the rest pass.
            guard policy.id == key.policyID(policy.id.direction) else { continue }
            switch policy.id.direction {
            case .out:
                hasOut = true
                requiresOut = !template.isOptional
                pin = template.spi
            case .in:
                hasInbound = true
                requiresIn = !template.isOptional
            case .forward:
                hasInbound = true
                requiresForward = !template.isOptional
            }
        }
    }
}
