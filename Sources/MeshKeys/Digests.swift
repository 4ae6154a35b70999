internal import Crypto
public import Fleet

extension Fleet.Digest {
    /// SHA-256 of the roster in one fixed layout: nodes by number, addresses and bypasses in their own order.
    public init(of roster: Roster) {
        var encoding = CanonicalBytes(label: "testudo roster 2")
        encoding.append(roster.epoch.rawValue)
        encoding.append(counted: roster.fleetID)
        encoding.append(roster.sequence)
        encoding.append(UInt32(roster.nodes.count))
        for node in roster.nodes.values.sorted(by: { $0.number < $1.number }) {
            encoding.append(node.number.rawValue)
            encoding.append(counted: node.name.text.utf8)
            encoding.append(UInt32(node.addresses.count))
            for address in node.addresses { encoding.append(counted: address.bytes) }
            encoding.append(counted: node.identityKey)
        }
        encoding.append(UInt32(roster.bypass.count))
        for bypass in roster.bypass { encoding.append(bypass) }
        encoding.append(UInt32(roster.quarantined.count))
        for address in roster.quarantined { encoding.append(counted: address.bytes) }
        encoding.append(UInt32(roster.probePort))
        self.init(sha256: encoding)
    }

    /// SHA-256 of the offers in one fixed layout, ordered by node number.
    public init(of set: OfferSet) {
        var encoding = CanonicalBytes(label: "testudo offers 2")
        encoding.append(set.generation.rawValue)
        encoding.append(set.replayWindow)
        encoding.append(UInt32(set.offers.count))
        for (number, offer) in set.offers.sorted(by: { $0.key < $1.key }) {
            encoding.append(number.rawValue)
            encoding.append(counted: offer.id)
            encoding.append(counted: offer.ephemeralKey)
            encoding.append(UInt32(offer.slot.rawValue))
        }
        self.init(sha256: encoding)
    }

    private init(sha256 encoding: CanonicalBytes) {
        guard let digest = Fleet.Digest(Array(SHA256.hash(data: encoding.bytes))) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        self = digest
    }
}

extension CanonicalBytes {
    fileprivate mutating func append(_ bypass: Bypass) {
        switch bypass {
        case .bus(let address, let port):
            append(UInt32(1))
            append(counted: address.bytes)
            append(UInt32(port))
        case .ssh: append(UInt32(2))
        case .neighbourDiscovery: append(UInt32(3))
        }
    }
}

extension RosterVersion {
    /// The version of this roster.
    public init(of roster: Roster) { self.init(sequence: roster.sequence, digest: Digest(of: roster)) }
}

extension OfferSetVersion {
    /// The version of this offer set.
    public init(of set: OfferSet) { self.init(generation: set.generation, digest: Digest(of: set)) }
}
