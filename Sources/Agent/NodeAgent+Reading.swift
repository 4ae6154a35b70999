internal import Fleet
internal import Ladder
internal import MeshKeys
internal import Ports
internal import Synchronization
internal import XFRM

/// One read-back and what it says of every edge, worked out once.
struct Look {
    /// One edge as it was read.
    struct Edge {
        var peer: Node
        var reading: EdgeReading
        var state: EdgeState
    }

    var snapshot: Snapshot
    var index: SnapshotIndex
    /// In the order of the peers' numbers.
    var edges: [Edge]
    var standing: Standing
    var at: Instant
}

/// The roster as this node sees it.
struct Neighbourhood {
    /// In the order of their numbers.
    var peers: [Node] = []
    /// One address pair for each family that both nodes have.
    var pairs: [NodeNumber: [AddressPair]] = [:]
    var bypass: [Policy] = []

    init() {}

    init(_ roster: Roster, own: Node) {
        peers = roster.nodes.values.filter { $0.number != own.number }.sorted { $0.number < $1.number }
        for peer in peers {
            pairs[peer.number] = Address.Family.allCases.compactMap { family in
                guard let mine = own.address(family), let theirs = peer.address(family) else { return nil }
                return AddressPair(own: mine.address, peer: theirs.address)
            }
        }
        bypass = BypassPolicies.policies(for: roster.bypass, own: own)
    }
}

/// What the roster and a snapshot say of the edges.
extension NodeAgent {
    /// A look is taken for the kernel's state for so long, as long as nobody else is seen to change it.
    static let lookMicroseconds: UInt64 = 2_000_000

    var peers: [Node] { neighbourhood.peers }
    var bypass: [Policy] { neighbourhood.bypass }
    func pairs(with peer: Node) -> [AddressPair] { neighbourhood.pairs[peer.number] ?? [] }

    /// Reads the kernel.
    func look() async throws(KernelError) -> Look {
        let now = clock.now()
        isDisturbed.store(false, ordering: .relaxed)
        let look = look(at: try await kernel.snapshot(), now)
        lastLook = look
        return look
    }

    /// The last look, where nothing has changed the kernel since; else a new one.
    func currentLook() async throws(KernelError) -> Look {
        if let lastLook, !isDisturbed.load(ordering: .relaxed),
            clock.now().microseconds(since: lastLook.at) < Self.lookMicroseconds
        {
            return lastLook
        }
        return try await look()
    }

    private func look(at snapshot: Snapshot, _ now: Instant) -> Look {
        let index = SnapshotIndex(snapshot)
        var states: [NodeNumber: EdgeState] = [:]
        states.reserveCapacity(peers.count)
        let edges = peers.map { peer in
            let reading = EdgeReading.read(index, pairs: pairs(with: peer))
            let state = state(of: peer, reading)
            states[peer.number] = state
            return Look.Edge(peer: peer, reading: reading, state: state)
        }
        return Look(snapshot: snapshot, index: index, edges: edges, standing: Standing(states), at: now)
    }

    func state(of peer: Node, _ reading: EdgeReading) -> EdgeState {
        var holds: [Generation]?
        var seen: [Generation] = []
        var sends: [Generation] = []
        for pair in reading.pairs {
            let inbound = pair.inbound.map(set(ofInbound:))
            let outbound = pair.outbound.map { set(ofOutbound: $0, of: peer) }
            let before = holds
            holds = inbound.filter { $0 != .none && outbound.contains($0) && before?.contains($0) ?? true }
            seen += inbound + outbound
            if let pinned = pair.pinned { sends.append(set(ofOutbound: pinned, of: peer)) }
        }
        let held = (holds ?? []).ascending
        return EdgeState(
            low: reading.low, high: reading.high, holds: held, sends: sends.ascending,
            parts: seen.filter { !held.contains($0) }.ascending)
    }

    /// The offer set of an SA from a peer: its SPI has our slot. ``Generation/none`` where the ledger does not know it.
    func set(ofInbound spi: SPI) -> Generation { spi.slot.flatMap { memory.slots.set(of: $0) } ?? .none }

    /// The offer set of an SA to a peer: its SPI has the peer's slot.
    func set(ofOutbound spi: SPI, of peer: Node) -> Generation {
        spi.slot.flatMap { memory.peerSlots.set(of: $0, of: peer.number) } ?? .none
    }

    /// The slots that the kernel's SAs have: own ones, and those of peers.
    func slots(in snapshot: Snapshot) -> (own: Set<Slot>, peers: Set<PeerSlots.Key>) {
        guard let own else { return ([], []) }
        var slots: Set<Slot> = []
        var keys: Set<PeerSlots.Key> = []
        let numbers = Dictionary(
            peers.flatMap { peer in peer.addresses.map { ($0, peer.number) } }, uniquingKeysWith: { first, _ in first })
        for association in snapshot.associations.map(\.association) where Ownership.owns(association) {
            guard let slot = association.id.spi.slot else { continue }
            if own.addresses.contains(association.id.destination) {
                slots.insert(slot)
            } else if let peer = numbers[association.id.destination] {
                keys.insert(PeerSlots.Key(peer: peer, slot: slot))
            }
        }
        return (slots, keys)
    }

    /// The most packets that any SA of ours has sent.
    func packets(in snapshot: Snapshot) -> UInt64 {
        guard let own else { return 0 }
        return snapshot.associations.reduce(0) { most, observed in
            guard observed.packets > most, Ownership.owns(observed.association),
                own.addresses.contains(observed.association.id.source)
            else { return most }
            return observed.packets
        }
    }
}

extension [Generation] {
    /// Each once, the oldest first; a handful at most.
    fileprivate var ascending: [Generation] {
        if count < 2 { return self }
        var result: [Generation] = []
        for set in sorted() where set != result.last { result.append(set) }
        return result
    }
}
