internal import Fleet
internal import MeshKeys

/// Keys of edges, and the digests that name what all nodes must have alike.
extension MicroCase {
    private static let peers = 1_000

    static var keys: [MicroCase] {
        [
            agreement("agreement") { edges, part in
                for peer in part { MicroRun.consume(try edges.derive(peer)) }
            },
            agreement("agreement_all_processors") { edges, part in try await edges.derive(part) },
            calls("offers_digest", n: 1_000) {
                let offers = try MicroFleet(1_000).offers
                return { OfferSetVersion(of: offers) }
            },
        ]
            + [100, 1_000, 10_000].map { n in
                calls("roster_digest", n: n, benchmark: "toggle") {
                    let roster = try MicroFleet(n).roster
                    return { RosterVersion(of: roster) }
                }
            }
    }

    /// The keys of all SAs of an edge, two address families; a time is that of one edge.
    private static func agreement(
        _ name: String, _ derive: @escaping (MicroEdges, [Node]) async throws -> Void
    ) -> MicroCase {
        MicroCase(
            name, n: peers, benchmark: "toggle",
            .time {
                let edges = try MicroEdges(MicroFleet(peers + 1))
                return { count in
                    var total = MicroRun.nothing
                    while total.operations < count {
                        let part = Array(edges.peers.prefix(count - total.operations))
                        edges.offer()
                        let start = ContinuousClock.now
                        try await derive(edges, part)
                        total += MicroRun(duration: ContinuousClock.now - start, operations: part.count)
                    }
                    return total
                }
            })
    }
}

/// One node's edges that get keys as on the way to `accept`. An offer makes each edge's once, so it needs many.
private final class MicroEdges {
    let peers: [Node]
    private let own: Node
    private let ring: KeyRing
    private let fleetID: [UInt8]
    private let slot: Slot
    private var share: OfferShare

    init(_ fleet: MicroFleet) throws {
        let identity = try IdentityKey(IdentityKey.makeSecret())
        ring = KeyRing(identity: identity)
        var own = try fleet.own()
        own.identityKey = identity.publicKey
        self.own = own
        peers = try fleet.peers()
        fleetID = fleet.roster.fleetID
        slot = try fleet.offer(of: own.number).slot
        share = OfferShare(fleet.offers, fleet.offersVersion, of: nil)
    }

    /// Makes this node's offer for one more set.
    func offer() {
        ring.abandon(set: share.version.generation)
        let set = share.version.generation.next
        share.version.generation = set
        share.offers[own.number] = ring.make(set: set, slot: slot)
    }

    func derive(_ peer: Node) throws(KeyError) -> PairKeys {
        try ring.derive(own: own, peer: peer, offers: share, fleetID: fleetID)
    }

    /// As an agent does it.
    func derive(_ peers: [Node]) async throws {
        let made = await ring.derive(own: own, peers: peers, offers: share, fleetID: fleetID)
        for result in made.values { MicroRun.consume(try result.get()) }
    }
}
