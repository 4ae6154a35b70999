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

    var index: SnapshotIndex
    /// What is not ours.
    var strangers: Snapshot
    /// The most packets that any SA of ours has sent.
    var packets: UInt64
    /// In the order of the peers' numbers.
    var edges: [Edge]
    var standing: Standing
    /// When everything was read.
    var at: Instant
}

/// The roster as this node sees it.
struct Neighbourhood {
    /// In the order of their numbers.
    var peers: [Node] = []
    /// Where each of them is among them.
    var places: [NodeNumber: Int] = [:]
    /// One address pair for each family that both nodes have.
    var pairs: [NodeNumber: [AddressPair]] = [:]
    /// The peers' addresses in all pairs.
    var addresses: Set<Address> = []
    /// Whose address it is.
    var numbers: [Address: NodeNumber] = [:]
    var bypass: [Policy] = []

    init() {}

    init(_ roster: Roster, own: Node) {
        peers = roster.nodes.values.filter { $0.number != own.number }.sorted { $0.number < $1.number }
        for (place, peer) in peers.enumerated() {
            places[peer.number] = place
            for address in peer.addresses { numbers[address] = numbers[address] ?? peer.number }
            pairs[peer.number] = Address.Family.allCases.compactMap { family in
                guard let mine = own.address(family), let theirs = peer.address(family) else { return nil }
                return AddressPair(own: mine.address, peer: theirs.address)
            }
        }
        addresses = Set(pairs.values.flatMap { $0.map(\.peer) })
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

    /// What somebody took away is put back first: else it would be taken for where the edges are meant to stand.
    func mendedLook() async throws(KernelError) -> Look {
        isDisturbed.load(ordering: .relaxed) ? try await repairedLook() : try await currentLook()
    }

    /// A look after changes of the edges to these peers: what they are made of is read back, or everything where that is
    /// not much more.
    ///
    /// What somebody else did there meanwhile, the kernel's monitor tells, and everything is read then.
    func look(
        _ before: consuming Look, after changes: [Change], toward peers: [NodeNumber]
    ) async throws(KernelError) -> Look {
        var look = before
        let pairs = peers.flatMap { neighbourhood.pairs[$0] ?? [] }
        var objects: Set<ObjectID> = []
        for pair in pairs { objects.formUnion(look.index.objects(of: pair)) }
        for change in changes {
            guard let object = look.index.pairObject(of: change) else { return try await self.look() }
            objects.insert(object)
        }
        guard !objects.isEmpty, objects.count * 2 <= look.index.ownedCount, !isDisturbed.load(ordering: .relaxed)
        else { return try await self.look() }
        let found = try await kernel.snapshot(of: Array(objects))
        look.index.replace(pairs, with: found)
        for number in peers {
            guard let place = neighbourhood.places[number] else { continue }
            let edge = edge(to: self.peers[place], in: look.index)
            look.standing.set(edge.state, toward: number)
            look.edges[place] = edge
        }
        if look.standing.exceptions.count * 2 > look.edges.count { look.standing = Standing(of: look.edges) }
        lastLook = look
        return look
    }

    private func look(at snapshot: Snapshot, _ now: Instant) -> Look {
        let index = SnapshotIndex(snapshot)
        let edges = peers.map { edge(to: $0, in: index) }
        let strangers = Snapshot(
            associations: snapshot.associations.filter { !Ownership.owns($0.association) },
            policies: snapshot.policies.filter { !Ownership.owns($0) })
        return Look(
            index: index, strangers: strangers, packets: packets(in: snapshot), edges: edges,
            standing: Standing(of: edges), at: now)
    }

    private func edge(to peer: Node, in index: SnapshotIndex) -> Look.Edge {
        let reading = EdgeReading.read(index, pairs: pairs(with: peer))
        return Look.Edge(peer: peer, reading: reading, state: state(of: peer, reading))
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

    /// The slots of this node that the kernel's SAs have, also those between addresses that are no pair any more.
    func ownSlots(in look: Look) -> Set<Slot> {
        var slots: Set<Slot> = []
        // Mostly the same one again.
        var newest: Slot?
        var count = 0
        for place in look.edges.indices {
            for pair in look.edges[place].reading.pairs {
                count += pair.inbound.count + pair.outbound.count
                for spi in pair.inbound where spi.slot != newest {
                    newest = spi.slot
                    if let newest { slots.insert(newest) }
                }
            }
        }
        guard let own, count < look.index.associationCount else { return slots }
        look.index.forEachAssociation { association in
            if own.addresses.contains(association.id.destination), let slot = association.id.spi.slot {
                slots.insert(slot)
            }
        }
        return slots
    }

    /// The slots of peers that the kernel's SAs have.
    func peerSlots(in look: Look) -> Set<PeerSlots.Key> {
        var keys: Set<PeerSlots.Key> = []
        for place in look.edges.indices {
            for pair in look.edges[place].reading.pairs {
                for slot in pair.outbound.compactMap(\.slot) {
                    keys.insert(PeerSlots.Key(peer: peers[place].number, slot: slot))
                }
            }
        }
        return keys
    }

    /// The most packets that any SA of ours has sent.
    private func packets(in snapshot: Snapshot) -> UInt64 {
        guard let own else { return 0 }
        return snapshot.associations.reduce(0) { most, observed in
            guard observed.packets > most, Ownership.owns(observed.association),
                own.addresses.contains(observed.association.id.source)
            else { return most }
            return observed.packets
        }
    }
}

extension Standing {
    /// Compresses what a look says of every edge.
    fileprivate init(of edges: [Look.Edge]) { self.init(edges.map { ($0.peer.number, $0.state) }) }
}

extension [Generation] {
    /// Each once, the oldest first; a handful at most.
    fileprivate var ascending: GenerationList {
        if count < 2 { return GenerationList(self) }
        var result = GenerationList()
        for set in sorted() where set != result.last { result.append(set) }
        return result
    }
}
