internal import Fleet
internal import XFRM

/// What an agent makes for its kernel: netlink messages, and the plan that they follow.
extension MicroCase {
    /// Messages of one batch; a time is that of one of them.
    private static let batch = 256
    private static let peers = 1_000

    static var kernel: [MicroCase] {
        [
            encode("xfrm_policy_encode") { pair, _ in
                let id = PolicyID(direction: .out, selector: .pair(from: pair.own, to: pair.peer))
                return .addPolicy(
                    Policy(id: id, priority: Ownership.pairPriority, action: .protect(Template(spi: pair.outbound))))
            },
            encode("xfrm_sa_encode") { pair, spi in
                .addAssociation(Association(id: AssociationID(source: pair.own, destination: pair.peer, spi: spi)))
            },
            calls("plan", n: peers) {
                let fleet = try MicroFleet(peers + 1)
                let own = try fleet.own()
                let wants = try fleet.peers().map { peer in
                    EdgeWant(
                        peer: peer.number, pairs: try pairs(fleet, own, peer), rung: .accept, keys: .only,
                        makesAssociations: true)
                }
                let bypass = BypassPolicies.policies(for: fleet.roster.bypass, own: own)
                let have = SnapshotIndex(Snapshot())
                // Two SAs and two policies for probes between any two addresses.
                let count = Plan.changes(have: have, wants: wants, bypass: bypass).count
                guard count == bypass.count + 8 * peers else { throw MicroError("a plan of \(count) changes") }
                return { Plan.changes(have: have, wants: wants, bypass: bypass) }
            },
        ]
    }

    /// As a batch is encoded: one buffer for all.
    private static func encode(_ name: String, _ make: @escaping (AddressPair, SPI) -> Change) -> MicroCase {
        calls(name, operations: batch) {
            let fleet = try MicroFleet(batch + 1)
            let own = try fleet.own()
            let changes = try fleet.peers().map { peer in
                guard let pair = try pairs(fleet, own, peer).first, let spi = pair.outbound else {
                    throw MicroError("node \(peer.number) has no address")
                }
                return make(pair, spi)
            }
            let key = [UInt8](repeating: 5, count: Algorithm.keyByteCount)
            return { try bytes(of: changes, key) }
        }
    }

    private static func bytes(of changes: [Change], _ key: [UInt8]) throws(EncodingError) -> [UInt8] {
        let capacity = changes.reduce(0) { $0 + $1.messageByteCount }
        return try [UInt8](capacity: capacity) { output throws(EncodingError) in
            for (index, change) in changes.enumerated() {
                try change.encode(key: key.span, sequence: UInt32(index), into: &output)
            }
        }
    }

    /// One pair a family, with the SPIs of the fleet's offers.
    private static func pairs(_ fleet: MicroFleet, _ own: Node, _ peer: Node) throws -> [AddressPair] {
        let (ours, theirs) = (try fleet.offer(of: own.number).slot, try fleet.offer(of: peer.number).slot)
        return Address.Family.allCases.compactMap { family in
            guard let here = own.address(family), let there = peer.address(family) else { return nil }
            return AddressPair(
                own: here.address, peer: there.address,
                inbound: SPI(slot: ours, addressIndex: there.index, sender: peer.number),
                outbound: SPI(slot: theirs, addressIndex: here.index, sender: own.number))
        }
    }
}
