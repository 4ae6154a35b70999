internal import Crypto
public import Fleet

/// The key of one SA and what names the SA.
public struct DerivedKey: Sendable {
    public var source: Address
    public var destination: Address
    public var spi: SPI
    /// 36 bytes: 32 of AES key, 4 of salt (RFC 4106 §8.1).
    public var key: Secret
}

/// The keys of all SAs between this node and one peer, one pair a common address family.
public struct PairKeys: Sendable {
    /// From the peer to this node.
    public var inbound: [DerivedKey]
    /// From this node to the peer.
    public var outbound: [DerivedKey]
}

/// Holds the private halves of this node's offers, and makes keys from them: each pair's once, ever.
///
/// One actor owns it. Nothing of it is ever written; a restarted process begins with an empty ring, which makes
/// the offers of the earlier one void.
public final class KeyRing {
    /// A rollout needs one set and its successor one more; the oldest is abandoned when another one is made.
    public static let pendingMaximum = 4

    /// The length of ``Roster/fleetID``, the salt of every derivation.
    public static let fleetIDByteCount = 16

    private struct PendingOffer {
        let offer: Offer
        let privateKey: Curve25519.KeyAgreement.PrivateKey
        var usedPeers: Set<NodeNumber> = []
    }

    private let identity: IdentityKey
    /// Belongs to no set yet.
    private var ready: PendingOffer?
    /// The spare offer before it: a set may have named it already.
    private var former: PendingOffer?
    private var pending: [Generation: PendingOffer] = [:]
    /// Oldest first.
    private var order: [Generation] = []

    private let flaws: Flaws
    /// Empty unless an offer is made twice, which is a flaw.
    private var reused: PendingOffer?

    public init(identity: IdentityKey, flaws: Flaws = []) {
        self.identity = identity
        self.flaws = flaws
    }

    /// The sets whose private halves are held, oldest first.
    public var sets: [Generation] { order }

    /// Makes this node's offer for a set; asked again while it is pending, it answers the same offer.
    ///
    /// The slot is persisted by the caller before the offer leaves (``SlotLedger``).
    public func make(set: Generation, slot: Slot) -> Offer {
        make(set: set, slot: slot, id: Self.freshID(), privateKey: Curve25519.KeyAgreement.PrivateKey())
    }

    /// The spare offer: made ahead of time, so that a set which needs it need not ask for it. It is told on one connection
    /// only (see ``outdateSpare()``): a coordinator that has forgotten what it named must not name it in a second set,
    /// whose SAs would have the SPIs of the first.
    public var spare: Offer? { ready?.offer }

    /// Makes the spare offer; one that is there already is answered again. The slot is persisted as for ``make(set:slot:)``.
    public func makeSpare(slot: Slot) -> Offer {
        if let ready { return ready.offer }
        let made = offer(slot: slot, id: Self.freshID(), privateKey: Curve25519.KeyAgreement.PrivateKey())
        ready = made
        return made.offer
    }

    /// The spare offer is not told any more; a set that has named it may still come. Answers the one that is given up for it.
    public func outdateSpare() -> Offer? {
        guard let ready else { return nil }
        defer { (former, self.ready) = (ready, nil) }
        return former?.offer
    }

    /// No set that has named a spare offer comes any more. Answers those that are given up.
    public func abandonSpares() -> [Offer] {
        defer { (ready, former) = (nil, nil) }
        return [ready, former].compactMap { $0?.offer }
    }

    /// An offer that a set has named is that set's from now on, and no other's; false where it is no spare one.
    public func assignSpare(_ offer: Offer, to set: Generation) -> Bool {
        guard pending[set] == nil, let named = [ready, former].compactMap(\.self).first(where: { $0.offer == offer })
        else { return false }
        if ready?.offer == offer { ready = nil } else { former = nil }
        hold(named, for: set)
        return true
    }

    private static func freshID() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<Offer.idByteCount / 8).flatMap { _ in
            let number = generator.next()
            return (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
    }

    func make(
        set: Generation, slot: Slot, id: [UInt8], privateKey: Curve25519.KeyAgreement.PrivateKey
    ) -> Offer {
        if let known = pending[set] { return known.offer }
        let made = offer(slot: slot, id: id, privateKey: privateKey)
        hold(made, for: set)
        return made.offer
    }

    private func offer(
        slot: Slot, id: [UInt8], privateKey: Curve25519.KeyAgreement.PrivateKey
    ) -> PendingOffer {
        let made = PendingOffer(
            offer: Offer(id: id, ephemeralKey: Array(privateKey.publicKey.rawRepresentation), slot: slot),
            privateKey: privateKey)
        guard flaws.contains(.reusesOffers) else { return made }
        let again = reused ?? made
        reused = again
        return again
    }

    private func hold(_ offer: PendingOffer, for set: Generation) {
        while order.count >= Self.pendingMaximum, let oldest = order.first { abandon(set: oldest) }
        pending[set] = offer
        order.append(set)
    }

    /// This node's pending offer for a set, `nil` where its private half is gone.
    public func offer(set: Generation) -> Offer? { pending[set]?.offer }

    /// Makes the keys of both SAs of a pair, for each address family that both nodes have.
    ///
    /// A second call for the same set and peer throws ``KeyError/used(peer:)``, whatever the first one's keys were
    /// used for: one key is installed at most once.
    /// - Parameter fleetID: ``Roster/fleetID``, 16 bytes.
    public func derive(
        own: Node, peer: Node, offers: OfferShare, fleetID: [UInt8]
    ) throws(KeyError) -> PairKeys {
        let keys = try agreement(own, peer, offers, fleetID).keys()
        pending[offers.version.generation]?.usedPeers.insert(peer.number)
        return keys
    }

    /// As ``derive(own:peer:offers:fleetID:)``, for many peers on all processors: it is what joining a large fleet takes
    /// longest for.
    ///
    /// - Parameter peers: each once.
    public func derive(
        own: Node, peers: [Node], offers: OfferShare, fleetID: [UInt8]
    ) async -> [NodeNumber: Result<PairKeys, KeyError>] {
        var results: [NodeNumber: Result<PairKeys, KeyError>] = [:]
        var agreements: [Agreement] = []
        for peer in peers {
            do throws(KeyError) {
                agreements.append(try agreement(own, peer, offers, fleetID))
            } catch {
                results[peer.number] = .failure(error)
            }
        }
        await withTaskGroup(of: [(NodeNumber, Result<PairKeys, KeyError>)].self) { group in
            for start in stride(from: 0, to: agreements.count, by: Self.peersPerTask) {
                let part = agreements[start..<min(start + Self.peersPerTask, agreements.count)]
                group.addTask {
                    part.map { agreement in
                        (agreement.peer.number, Result { () throws(KeyError) in try agreement.keys() })
                    }
                }
            }
            for await part in group { for (number, result) in part { results[number] = result } }
        }
        for (number, result) in results {
            if case .success = result { pending[offers.version.generation]?.usedPeers.insert(number) }
        }
        return results
    }

    /// A few milliseconds' work.
    private static let peersPerTask = 16

    /// Checks all that can be checked before a key is made.
    private func agreement(
        _ own: Node, _ peer: Node, _ offers: OfferShare, _ fleetID: [UInt8]
    ) throws(KeyError) -> Agreement {
        guard own.number != peer.number else { throw .ownPeer }
        guard fleetID.count == Self.fleetIDByteCount else {
            throw .wrongLength(of: "fleet id", expected: Self.fleetIDByteCount, found: fleetID.count)
        }
        guard own.identityKey == identity.publicKey else { throw .otherIdentity }
        for node in [own, peer] where node.addresses.count > Node.addressesMaximum {
            throw .wrongLength(
                of: "address list of node \(node.number)", expected: Node.addressesMaximum, found: node.addresses.count)
        }
        let set = offers.version.generation
        guard let ours = pending[set] else { throw .gone(set: set) }
        guard let named = offers.offers[own.number] else { throw .noOffer(own.number) }
        guard named == ours.offer else { throw .otherOffer(set: set) }
        guard let theirs = offers.offers[peer.number] else { throw .noOffer(peer.number) }
        guard !ours.usedPeers.contains(peer.number) else { throw .used(peer: peer.number) }
        return Agreement(
            own: own, peer: peer, identity: identity, ephemeral: ours.privateKey, ownParty: try .init(own, ours.offer),
            peerParty: try .init(peer, theirs), fleetID: fleetID)
    }

    /// Wipes the private half of a set that was installed for all peers.
    public func retire(set: Generation) { forget(set) }

    /// Wipes the private half of a set that will not be installed.
    public func abandon(set: Generation) { forget(set) }

    /// The private key's memory is wiped by swift-crypto when its last reference goes, which is here.
    private func forget(_ set: Generation) {
        pending[set] = nil
        order.removeAll { $0 == set }
    }
}

/// One pair that is about to agree on its keys.
private struct Agreement: Sendable {
    let own: Node
    let peer: Node
    let identity: IdentityKey
    let ephemeral: Curve25519.KeyAgreement.PrivateKey
    let ownParty: KeyAgreement.Party
    let peerParty: KeyAgreement.Party
    let fleetID: [UInt8]

    func keys() throws(KeyError) -> PairKeys {
        let material = try KeyAgreement.material(
            own: own.number, identity: identity, ephemeral: ephemeral, peer: peerParty, fleetID: fleetID)
        var keys = PairKeys(inbound: [], outbound: [])
        for family in Address.Family.allCases {
            guard let local = own.address(family), let remote = peer.address(family) else { continue }
            keys.inbound.append(key(material, sender: (peerParty, remote), receiver: (ownParty, local.address)))
            keys.outbound.append(key(material, sender: (ownParty, local), receiver: (peerParty, remote.address)))
        }
        guard !keys.inbound.isEmpty else { throw .noCommonFamily(peer: peer.number) }
        return keys
    }

    private func key(
        _ material: SymmetricKey,
        sender: (party: KeyAgreement.Party, source: (index: UInt8, address: Address)),
        receiver: (party: KeyAgreement.Party, destination: Address)
    ) -> DerivedKey {
        let spi = SPI(
            slot: receiver.party.offer.slot, addressIndex: sender.source.index, sender: sender.party.number)
        let key = KeyAgreement.key(
            from: material, source: sender.source.address, destination: receiver.destination,
            spi: spi, sender: sender.party, receiver: receiver.party)
        return DerivedKey(source: sender.source.address, destination: receiver.destination, spi: spi, key: key)
    }
}
