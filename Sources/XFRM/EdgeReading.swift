public import Fleet

/// Where an edge stands by the kernel's own account, and with which SAs.
///
/// The rung is what the policies say, and below `send` what the SAs say; whether the SA that a policy demands is there is
/// another question, which the lists of SPIs answer. While a change is half made the edge stands between two rungs:
/// `low` is what every part of it has reached, `high` the highest that any part has. Foreign objects do not count:
/// ``Plan/foreignInTheWay(have:wants:bypass:)`` names them.
public struct EdgeReading: Hashable, Sendable {
    /// One address pair's SAs and where it stands by itself.
    public struct Pair: Hashable, Sendable {
        public var own: Address
        public var peer: Address
        /// SPIs of our SAs from the peer; several while keys are being changed.
        public var inbound: [SPI]
        /// SPIs of our SAs to the peer.
        public var outbound: [SPI]
        /// The SPI that the out policy sends with; `nil` without one, and where it sends with none.
        public var pinned: SPI?
        /// The SPI that probes are sent with, `nil` where none is on trial.
        public var trial: SPI?
        public var low: Rung
        public var high: Rung

        /// Whether probes would be sent with an SA that is not there.
        public var hasStaleTrial: Bool { trial.map { !outbound.contains($0) } ?? false }
    }

    public var low: Rung
    public var high: Rung
    public var pairs: [Pair]

    /// Whether it stands at `accept` and some pair has no policies for probes.
    public var lacksTrial: Bool { low == .accept && high == .accept && pairs.contains { $0.trial == nil } }

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
        let policies = PolicyReading(holdings, PairKey(own: own, peer: peer))
        pinned = policies.pin == .nothing ? nil : policies.pin
        trial = policies.trial
        (low, high) = policies.range(hasIn: !inbound.isEmpty, hasOut: !outbound.isEmpty)
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
    var trial: SPI?

    private var isClosing: Bool { hasOut && pin == .nothing }

    init(_ holdings: SnapshotIndex.Holdings, _ key: PairKey) {
        for policy in holdings.policies {
            guard case .protect(let template) = policy.action else { continue }
            if policy.priority == Ownership.trialPriority {
                if policy.id.direction == .out { trial = template.spi }
                continue
            }
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

    /// What every part has reached, and the highest that any part has.
    func range(hasIn: Bool, hasOut hasOutbound: Bool) -> (low: Rung, high: Rung) {
        if requiresOut && requiresIn && requiresForward { return isClosing ? (.closed, .closed) : (.enforce, .enforce) }
        let below: Rung = hasIn && hasOutbound ? .accept : .clear
        let low: Rung = requiresOut && !isClosing ? .send : below
        let high: Rung =
            if isClosing {
                .closed
            } else if hasInbound {
                .enforce
            } else if hasOut {
                .send
            } else {
                hasIn || hasOutbound ? .accept : .clear
            }
        return (low, high)
    }
}
