internal import Fleet
internal import Ladder
internal import MeshKeys
internal import Ports
internal import XFRM

/// What the roster and a snapshot say of the edges.
extension NodeAgent {
    var peers: [Node] {
        guard let roster, let own else { return [] }
        return roster.nodes.values.filter { $0.number != own.number }.sorted { $0.number < $1.number }
    }

    var bypass: [Policy] {
        guard let roster, let own else { return [] }
        return BypassPolicies.policies(for: roster.bypass, own: own)
    }

    /// One address pair for each family that both nodes have.
    func pairs(with peer: Node) -> [AddressPair] {
        Address.Family.allCases.compactMap { family in
            guard let mine = own?.address(family), let theirs = peer.address(family) else { return nil }
            return AddressPair(own: mine.address, peer: theirs.address)
        }
    }

    func standing(in snapshot: Snapshot) -> Standing {
        let index = SnapshotIndex(snapshot)
        var states: [NodeNumber: EdgeState] = [:]
        for peer in peers { states[peer.number] = state(of: peer, in: index) }
        return Standing(states)
    }

    func state(of peer: Node, in index: SnapshotIndex) -> EdgeState {
        state(of: peer, EdgeReading.read(index, pairs: pairs(with: peer)))
    }

    func state(of peer: Node, _ reading: EdgeReading) -> EdgeState {
        var holds: Set<Generation>?
        var seen: Set<Generation> = []
        var sends: Set<Generation> = []
        for pair in reading.pairs {
            let inbound = Set(pair.inbound.map(set(ofInbound:)))
            let outbound = Set(pair.outbound.map { set(ofOutbound: $0, of: peer) })
            let whole = inbound.intersection(outbound).subtracting([.none])
            holds = holds?.intersection(whole) ?? whole
            seen.formUnion(inbound.union(outbound))
            if let pinned = pair.pinned { sends.insert(set(ofOutbound: pinned, of: peer)) }
        }
        let held = holds ?? []
        return EdgeState(
            low: reading.low, high: reading.high, holds: held.sorted(), sends: sends.sorted(),
            parts: seen.subtracting(held).sorted())
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
        let sent = snapshot.associations.filter { observed in
            Ownership.owns(observed.association)
                && own?.addresses.contains(observed.association.id.source) ?? false
        }
        return sent.map(\.packets).max() ?? 0
    }
}
