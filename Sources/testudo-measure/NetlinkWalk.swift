internal import Fleet
internal import MeshKeys
internal import Netlink
internal import Ports
internal import XFRM

/// The edges of one node to its peers, one address pair each.
struct NetlinkEdges {
    /// As many as the last two bytes of the peers' addresses give.
    static let maximum = 50_000
    private static let addressesPerByte = 250

    let peers: [NodeNumber]
    /// With the SPIs of the one set of SAs that each edge gets.
    let pairs: [AddressPair]

    init(count: Int, family: Address.Family) throws {
        var peers: [NodeNumber] = []
        var pairs: [AddressPair] = []
        let node: NodeNumber = 1
        for index in 0..<count {
            let (high, low) = (index / Self.addressesPerByte, index % Self.addressesPerByte + 2)
            let (own, other) =
                family == .ipv4 ? ("10.77.0.1", "10.77.\(high).\(low)") : ("fd77::1:1", "fd77::\(high + 1):\(low)")
            guard let own = Address(own), let other = Address(other), let peer = NodeNumber(UInt32(index + 2)),
                let ownSlot = Slot(1), let slot = Slot(UInt16(index % Int(Slot.maximum)) + 1)
            else { throw NetlinkMeasureError("no address for peer \(index + 1)") }
            peers.append(peer)
            pairs.append(
                AddressPair(
                    own: own, peer: other, inbound: SPI(slot: ownSlot, addressIndex: 0, sender: peer),
                    outbound: SPI(slot: slot, addressIndex: 0, sender: node)))
        }
        self.peers = peers
        self.pairs = pairs
    }

    /// What a fleet's first rollout orders: one set of keys, made on the way to accept; no edge keeps any when clear.
    func wants(_ rung: Rung) -> [EdgeWant] {
        zip(peers, pairs).map { peer, pair in
            var pair = pair
            if rung.sendsESP { pair.sending = pair.outbound }
            return EdgeWant(
                peer: peer, pairs: [pair], rung: rung, keys: rung == .clear ? nil : .only,
                makesAssociations: rung == .accept)
        }
    }
}

/// Edges that climb and go down again as the agent takes them: planned from a read-back, applied in one batch, read back.
///
/// Where no SAs are made the plan takes those that it asked for to be there: else no rung would have policies.
struct NetlinkWalk {
    /// From clear, in this order.
    static let rungs: [Rung] = [.accept, .send, .enforce, .clear]

    /// What one rung took.
    struct Step {
        var planning: Duration
        var applying: Duration
        var reading: Duration
        var batch: [KernelChange]
        /// How many objects were read back.
        var objectCount: Int
    }

    private let kernel: XFRMKernel
    private let edges: NetlinkEdges
    private let makesAssociations: Bool
    private var keys: [AssociationID: Secret] = [:]
    private var pretended: [AssociationID: Association] = [:]
    private var found: Snapshot
    /// Of each rung in the first round; every round has the same.
    private var changes: [Rung: [Change]] = [:]

    /// How many changes a round has.
    var changeCount: Int { changes.values.reduce(0) { $0 + $1.count } }

    /// The namespace must be empty: what stands there is nobody's to touch, and would be measured.
    init(_ edges: NetlinkEdges, on kernel: XFRMKernel, makesAssociations: Bool) async throws {
        self.edges = edges
        self.kernel = kernel
        self.makesAssociations = makesAssociations
        found = try await kernel.snapshot()
        guard found == Snapshot() else { throw NetlinkMeasureError("the namespace holds SAs or policies already") }
        guard makesAssociations else { return }
        for pair in edges.pairs {
            for id in [
                pair.inbound.map { AssociationID(source: pair.peer, destination: pair.own, spi: $0) },
                pair.outbound.map { AssociationID(source: pair.own, destination: pair.peer, spi: $0) },
            ].compactMap({ $0 }) {
                keys[id] = Self.key(id.spi)
            }
        }
    }

    /// The same in every process, so that what several leave can be compared; nothing is ever sent with it.
    private static func key(_ spi: SPI) -> Secret {
        let bytes = (0..<Algorithm.keyByteCount).map { index in
            UInt8(truncatingIfNeeded: spi.rawValue >> UInt32(index % 4 * 8)) ^ UInt8(index)
        }
        return Secret(copying: bytes.span)
    }

    mutating func step(to rung: Rung) async throws -> Step {
        let clock = ContinuousClock()
        let wants = edges.wants(rung)
        let have = withPretended(found)

        let start = clock.now
        let changes = Plan.changes(have: SnapshotIndex(have), wants: wants, bypass: [])
        let batch = batch(changes)
        let planned = clock.now
        let refusals = try await kernel.apply(batch)
        let applied = clock.now
        found = try await kernel.snapshot()
        let end = clock.now

        if let refusal = refusals.first { throw NetlinkMeasureError("\(changes[refusal.index]): \(refusal.error)") }
        if !makesAssociations { pretend(changes) }
        let before = self.changes[rung] ?? changes
        guard before == changes else { throw NetlinkMeasureError("rounds differ in what they change at \(rung)") }
        self.changes[rung] = changes
        try check(rung)
        return Step(
            planning: planned - start, applying: applied - planned, reading: end - applied, batch: batch,
            objectCount: found.policies.count + found.associations.count)
    }

    private func batch(_ changes: [Change]) -> [KernelChange] {
        changes.compactMap { change in
            guard case .addAssociation(let association) = change else { return KernelChange(keyless: change) }
            return keys[association.id].map { .addAssociation(association, key: $0) }
        }.filter { change in
            if case .deleteAssociation = change { makesAssociations } else { true }
        }
    }

    private func withPretended(_ snapshot: Snapshot) -> Snapshot {
        var all = snapshot
        all.associations += pretended.values.map { ObservedAssociation(association: $0) }
        return all
    }

    private mutating func pretend(_ changes: [Change]) {
        for change in changes {
            switch change {
            case .addAssociation(let association): pretended[association.id] = association
            case .deleteAssociation(let id): pretended[id] = nil
            case .addPolicy, .updatePolicy, .deletePolicy: continue
            }
        }
    }

    /// Every edge must read as standing at the rung.
    private func check(_ rung: Rung) throws {
        let index = SnapshotIndex(withPretended(found))
        for pair in edges.pairs {
            let reading = EdgeReading.read(index, pairs: [pair])
            guard reading.low == rung, reading.high == rung else {
                throw NetlinkMeasureError(
                    "the edge to \(pair.peer) stands at \(reading.low) to \(reading.high), not \(rung)")
            }
        }
    }
}
