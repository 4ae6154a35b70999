internal import Fleet
internal import Ladder
internal import Logging
internal import Ports
internal import XFRM

/// What an operator wants to see of the kernel's SAs.
extension NodeAgent {
    /// Reads the kernel and answers; where it cannot be read nothing is answered.
    func answer(_ inquiry: Inquiry) async {
        do throws(KernelError) {
            let pairs = associationPairs(in: try await kernel.snapshot())
            let page = pairs.dropFirst(Int(inquiry.offset)).prefix(AssociationPage.pairsMaximum)
            await bus.send(
                .associations(
                    AssociationPage(id: inquiry.id, total: UInt32(clamping: pairs.count), pairs: Array(page))))
        } catch {
            logger.error("kernel not read", metadata: ["error": "\(error)"])
        }
    }

    /// In the order of the peers' numbers, then of the sets.
    private func associationPairs(in snapshot: Snapshot) -> [AssociationPair] {
        let index = SnapshotIndex(snapshot)
        var observed: [AssociationID: ObservedAssociation] = [:]
        for association in snapshot.associations where Ownership.owns(association.association) {
            observed[association.association.id] = association
        }
        func flow(_ source: Address, _ destination: Address, _ spi: SPI?) -> AssociationPair.Flow? {
            guard let spi, let found = observed[AssociationID(source: source, destination: destination, spi: spi)]
            else { return nil }
            return .init(spi: spi, bytes: found.bytes, packets: found.packets)
        }
        return peers.flatMap { peer in
            EdgeReading.read(index, pairs: pairs(with: peer)).pairs.flatMap { pair -> [AssociationPair] in
                let inbound = Dictionary(pair.inbound.map { (set(ofInbound: $0), $0) }) { first, _ in first }
                let outbound = Dictionary(pair.outbound.map { (set(ofOutbound: $0, of: peer), $0) }) { first, _ in first
                }
                return Set(inbound.keys).union(outbound.keys).sorted().map { set in
                    AssociationPair(
                        local: pair.own, remote: pair.peer, inbound: flow(pair.peer, pair.own, inbound[set]),
                        outbound: flow(pair.own, pair.peer, outbound[set]),
                        isSending: pair.pinned != nil && pair.pinned == outbound[set])
                }
            }
        }
    }
}
