internal import Crypto
internal import Fleet
@testable internal import MeshKeys
internal import Testing

// The expected keys were computed by another implementation, Python's `cryptography`, with this program:
//
// import struct
// from ipaddress import ip_address
// from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey as Private, X25519PublicKey as Public
// from cryptography.hazmat.primitives.hashes import SHA256
// from cryptography.hazmat.primitives.kdf.hkdf import HKDF
// from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
//
// def public(private):
//     return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
//
// class Node:
//     def __init__(self, number, fill, slot, addresses):
//         self.number, self.slot, self.addresses = number, slot, [ip_address(a) for a in addresses]
//         self.identity = Private.from_private_bytes(bytes([fill] * 32))
//         self.ephemeral = Private.from_private_bytes(bytes([fill + 1] * 32))
//         self.offer = bytes([fill + 2] * 16)
//
// def key(low, high, sender, receiver, family):
//     dh = lambda private, other: private.exchange(Public.from_public_bytes(public(other)))
//     ikm = (dh(low.ephemeral, high.ephemeral) + dh(low.identity, high.ephemeral) + dh(low.ephemeral, high.identity))
//     index, source = next((i, a) for i, a in enumerate(sender.addresses) if a.version == family)
//     destination = next(a for a in receiver.addresses if a.version == family)
//     spi = receiver.slot << 20 | index << 18 | sender.number
//     info = b"testudo sa 1" + struct.pack(">I", family)
//     info += source.packed.ljust(16, b"\0") + destination.packed.ljust(16, b"\0") + struct.pack(">I", spi)
//     for node in (sender, receiver):
//         info += struct.pack(">I", node.number) + public(node.identity) + public(node.ephemeral) + node.offer
//     return hex(spi), HKDF(SHA256(), 36, bytes(range(16)), info).derive(ikm).hex()
//
// a = Node(3, 0x10, 5, ["fd77::3", "10.77.0.3", "10.77.1.3"])
// b = Node(262143, 0x20, 4095, ["10.77.0.9", "10.77.1.9", "fd77::9"])
// for family in (4, 6):
//     print(family, "a to b", *key(a, b, a, b, family))
//     print(family, "b to a", *key(a, b, b, a, family))

@Suite("Keys of a pair")
struct KeyAgreementTests {
    private static let fleetID = [UInt8](0..<16)
    private static let set = Generation(7)

    /// One node of a test: its record, its ring, and its offer for the set.
    private struct Side {
        var node: Node
        let ring: KeyRing
        var offer: Offer

        init(_ number: NodeNumber, fill: UInt8, slot: UInt16, addresses: [String]) throws {
            let identity = try IdentityKey(Secret(copying: [UInt8](repeating: fill, count: 32).span))
            node = Node(
                number: number, name: try #require(NodeName("node\(number)")),
                addresses: try addresses.map { try #require(Address($0)) }, identityKey: identity.publicKey)
            ring = KeyRing(identity: identity)
            offer = ring.make(
                set: set, slot: try #require(Slot(slot)), id: [UInt8](repeating: fill + 2, count: 16),
                privateKey: try Curve25519.KeyAgreement.PrivateKey(
                    rawRepresentation: [UInt8](repeating: fill + 1, count: 32)))
        }
    }

    private static func pair() throws -> (a: Side, b: Side, offers: OfferShare) {
        let a = try Side(3, fill: 0x10, slot: 5, addresses: ["fd77::3", "10.77.0.3", "10.77.1.3"])
        let b = try Side(262_143, fill: 0x20, slot: 4_095, addresses: ["10.77.0.9", "10.77.1.9", "fd77::9"])
        let offers = OfferSet(generation: set, offers: [a.node.number: a.offer, b.node.number: b.offer])
        return (a, b, OfferShare(offers, OfferSetVersion(of: offers), of: nil))
    }

    private static func hex(_ secret: Secret) -> String {
        secret.withBytes { bytes in
            bytes.indices.map { (bytes[$0] < 16 ? "0" : "") + String(bytes[$0], radix: 16) }.joined()
        }
    }

    private static func lines(_ keys: [DerivedKey]) -> [String] {
        keys.map { "\($0.source) \($0.destination) \($0.spi) \(hex($0.key))" }
    }

    @Test("Two nodes with two IPv4 addresses each make the keys that another implementation makes")
    func knownAnswer() throws {
        let (a, b, offers) = try Self.pair()

        let keys = try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)

        #expect(
            Self.lines(keys.outbound) == [
                "10.77.0.3 10.77.0.9 0xfff40003 "
                    + "dd49704694663ade67f27f895470535c775ad3e731aa063881176c6b7826d9ddf4c230d3",
                "fd77::3 fd77::9 0xfff00003 "
                    + "3518f82fd9f76e5e8863febe1c86371011020307ca011d0259fd22a6e1bee524c01f83c3",
            ])
        #expect(
            Self.lines(keys.inbound) == [
                "10.77.0.9 10.77.0.3 0x0053ffff "
                    + "4df76a74685709cf9674357ef17b33720125d44e6c028ae115d122c9ef40a8c20ce3d9b4",
                "fd77::9 fd77::3 0x005bffff "
                    + "c3e0b7dfa1abb38c6795ddc85307c48d1e7b70a28754f0d204bf0f8cf70fed7331afd29e",
            ])
    }

    @Test("Both nodes make the same keys, and each direction and family has its own")
    func bothSidesAgree() throws {
        let (a, b, offers) = try Self.pair()

        let ours = try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)
        let theirs = try b.ring.derive(own: b.node, peer: a.node, offers: offers, fleetID: Self.fleetID)

        #expect(Self.lines(ours.outbound) == Self.lines(theirs.inbound))
        #expect(Self.lines(ours.inbound) == Self.lines(theirs.outbound))
        #expect(Set((ours.outbound + ours.inbound).map { Self.hex($0.key) }).count == 4)
    }

    @Test("Another address, fleet or peer gives another key")
    func everyFieldMatters() throws {
        func key(_ change: (inout Side, inout Side, inout [UInt8]) throws -> Void) throws -> String {
            var (a, b, offers) = try Self.pair()
            var fleetID = Self.fleetID
            try change(&a, &b, &fleetID)
            offers.offers[b.node.number] = b.offer
            let keys = try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: fleetID)
            return Self.hex(try #require(keys.outbound.first).key)
        }

        let keys = try [
            key { _, _, _ in },
            key { a, _, _ in a.node.addresses[1] = try #require(Address("10.77.0.4")) },
            key { a, _, _ in a.node.addresses.swapAt(1, 2) },
            key { _, b, _ in b.node.addresses[0] = try #require(Address("10.77.0.8")) },
            key { _, _, fleetID in fleetID[15] = 0 },
            key { _, b, _ in b.node.number = 9 },
            key { _, b, _ in b.offer.slot = try #require(Slot(1)) },
            key { _, b, _ in b.offer.id[0] = 0 },
        ]

        #expect(Set(keys).count == keys.count)
    }

    @Test("An offer makes keys with one peer once, and with another one still")
    func usedOnce() throws {
        var (a, b, offers) = try Self.pair()
        let c = try Side(9, fill: 0x30, slot: 1, addresses: ["10.77.0.8"])
        offers.offers[9] = c.offer
        _ = try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)

        #expect(throws: KeyError.used(peer: b.node.number)) {
            try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)
        }
        #expect(try a.ring.derive(own: a.node, peer: c.node, offers: offers, fleetID: Self.fleetID).inbound.count == 1)
    }

    @Test("Keys with many peers at once are those that each peer makes, once, and a refused peer spoils no other's")
    func manyPeers() async throws {
        let own = try Side(1_000, fill: 0x10, slot: 5, addresses: ["10.77.0.3", "fd77::3"])
        let peers = try (1...50).map { number in
            try Side(
                try #require(NodeNumber(UInt32(number))), fill: UInt8(0x20 + 3 * number), slot: UInt16(number),
                addresses: ["10.77.1.\(number)", "fd77::1:\(number)"])
        }
        var set = OfferSet(generation: Self.set, offers: [1_000: own.offer])
        for peer in peers.dropLast() { set.offers[peer.node.number] = peer.offer }
        let offers = OfferShare(set, OfferSetVersion(of: set), of: nil)

        let made = await own.ring.derive(
            own: own.node, peers: peers.map(\.node), offers: offers, fleetID: Self.fleetID)
        let again = await own.ring.derive(
            own: own.node, peers: peers.map(\.node), offers: offers, fleetID: Self.fleetID)

        #expect(made.count == 50)
        for peer in peers.dropLast() {
            let ours = try #require(made[peer.node.number]).get()
            let theirs = try peer.ring.derive(
                own: peer.node, peer: own.node, offers: offers, fleetID: Self.fleetID)
            #expect(ours.inbound.map(\.spi) == theirs.outbound.map(\.spi))
            #expect(ours.inbound.map { Self.hex($0.key) } == theirs.outbound.map { Self.hex($0.key) })
            #expect(ours.outbound.map { Self.hex($0.key) } == theirs.inbound.map { Self.hex($0.key) })
            #expect(throws: KeyError.used(peer: peer.node.number)) { try again[peer.node.number]?.get() }
        }
        #expect(throws: KeyError.noOffer(50)) { try made[50]?.get() }
    }

    @Test("A public key of low order is refused", arguments: [UInt8(0), 1])
    func lowOrder(first: UInt8) throws {
        let lowOrder = [first] + [UInt8](repeating: 0, count: 31)
        var (a, b, offers) = try Self.pair()

        b.offer.ephemeralKey = lowOrder
        offers.offers[b.node.number] = b.offer
        #expect(throws: KeyError.allZero(peer: b.node.number)) {
            try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)
        }
        (a, b, offers) = try Self.pair()
        b.node.identityKey = lowOrder
        #expect(throws: KeyError.allZero(peer: b.node.number)) {
            try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)
        }
    }

    @Test("A retired or abandoned set makes no key any more")
    func retired() throws {
        let (a, b, offers) = try Self.pair()

        a.ring.retire(set: Self.set)
        b.ring.abandon(set: Self.set)

        #expect(throws: KeyError.gone(set: Self.set)) {
            try a.ring.derive(own: a.node, peer: b.node, offers: offers, fleetID: Self.fleetID)
        }
        #expect(throws: KeyError.gone(set: Self.set)) {
            try b.ring.derive(own: b.node, peer: a.node, offers: offers, fleetID: Self.fleetID)
        }
    }

    @Test("A set that lacks an offer, names another one as ours, or has fields of a wrong length is refused")
    func badSets() throws {
        let (a, b, offers) = try Self.pair()
        func refusal(_ change: (inout Node, inout Node, inout OfferShare) -> Void) -> KeyError? {
            var (own, peer, set) = (a.node, b.node, offers)
            change(&own, &peer, &set)
            return #expect(throws: KeyError.self) {
                try a.ring.derive(own: own, peer: peer, offers: set, fleetID: Self.fleetID)
            }
        }

        #expect(refusal { own, _, set in set.offers[own.number] = nil } == .noOffer(3))
        #expect(refusal { _, peer, set in set.offers[peer.number] = nil } == .noOffer(262_143))
        #expect(refusal { own, _, set in set.offers[own.number]?.id[0] = 0 } == .otherOffer(set: Self.set))
        #expect(refusal { own, _, _ in own.identityKey[0] ^= 1 } == .otherIdentity)
        #expect(refusal { own, peer, _ in peer.number = own.number } == .ownPeer)
        #expect(
            refusal { own, peer, _ in
                own.addresses.removeAll { $0.family == .ipv6 }
                peer.addresses.removeAll { $0.family == .ipv4 }
            } == .noCommonFamily(peer: 262_143))
        let short = refusal { _, peer, set in set.offers[peer.number]?.ephemeralKey.removeLast() }
        #expect(short == .wrongLength(of: "ephemeral key of node 262143", expected: 32, found: 31))
        let many = refusal { _, peer, _ in peer.addresses += peer.addresses }
        #expect(many == .wrongLength(of: "address list of node 262143", expected: 4, found: 6))
    }

    @Test("An offer asked for twice is the same while it is pending, and fresh after it was abandoned")
    func offersAreIdempotent() throws {
        let ring = KeyRing(identity: try IdentityKey(IdentityKey.makeSecret()))
        let slot = try #require(Slot(1))

        let first = ring.make(set: Generation(1), slot: slot)
        #expect(ring.make(set: Generation(1), slot: slot) == first)
        ring.abandon(set: Generation(1))
        let second = ring.make(set: Generation(1), slot: slot)

        #expect(second.id != first.id)
        #expect(second.ephemeralKey != first.ephemeralKey)
    }

    @Test("A spare offer is the set's that names it first, and makes keys like one that was asked for")
    func spareOffers() throws {
        let (a, b, _) = try Self.pair()
        let spare = a.ring.makeSpare(slot: try #require(Slot(77)))
        #expect(a.ring.makeSpare(slot: try #require(Slot(78))) == spare && a.ring.spare == spare)
        func share(_ number: UInt64) throws -> OfferShare {
            let theirs = b.ring.make(set: Generation(number), slot: try #require(Slot(UInt16(number))))
            let set = OfferSet(
                generation: Generation(number), offers: [a.node.number: spare, b.node.number: theirs])
            return OfferShare(set, OfferSetVersion(of: set), of: nil)
        }
        let (first, second) = (try share(101), try share(102))

        #expect(a.ring.assignSpare(spare, to: Generation(101)))

        #expect(a.ring.spare == nil && !a.ring.assignSpare(spare, to: Generation(102)))
        let ours = try a.ring.derive(own: a.node, peer: b.node, offers: first, fleetID: Self.fleetID)
        let theirs = try b.ring.derive(own: b.node, peer: a.node, offers: first, fleetID: Self.fleetID)
        #expect(Self.lines(ours.outbound) == Self.lines(theirs.inbound))
        #expect(throws: KeyError.gone(set: Generation(102))) {
            _ = try a.ring.derive(own: a.node, peer: b.node, offers: second, fleetID: Self.fleetID)
        }
    }

    @Test(
        "An outdated spare offer is told no more; the set that named it may still have it, until the next is outdated")
    func outdatedSpares() throws {
        let ring = KeyRing(identity: try IdentityKey(IdentityKey.makeSecret()))
        func make(_ slot: UInt16) throws -> Offer { ring.makeSpare(slot: try #require(Slot(slot))) }

        let first = try make(1)
        #expect(ring.outdateSpare() == nil && ring.spare == nil)
        let second = try make(2)
        #expect(second != first && ring.outdateSpare() == first)

        #expect(!ring.assignSpare(first, to: Generation(1)))
        #expect(ring.assignSpare(second, to: Generation(1)) && ring.offer(set: Generation(1)) == second)
        let third = try make(3)
        #expect(ring.abandonSpares() == [third] && ring.spare == nil)
        #expect(!ring.assignSpare(third, to: Generation(2)))
    }

    @Test("Beyond the maximum of pending sets the oldest is abandoned")
    func pendingIsBounded() throws {
        let ring = KeyRing(identity: try IdentityKey(IdentityKey.makeSecret()))
        let slot = try #require(Slot(1))

        for number in 1...UInt64(KeyRing.pendingMaximum) + 2 { _ = ring.make(set: Generation(number), slot: slot) }

        #expect(ring.sets == [3, 4, 5, 6].map { Generation($0) })
    }

    @Test("Secrets and identity keys print as redacted")
    func redacted() throws {
        let secret = IdentityKey.makeSecret()
        let identity = try IdentityKey(secret)

        var dumped = ""
        dump(identity, to: &dumped)
        dump(secret, to: &dumped)
        #expect("\(secret) \(identity)" == "<redacted> <redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
        #expect(!dumped.contains("UInt8") && !dumped.contains("key"))
    }

    @Test("An identity key has 32 bytes")
    func identityLength() {
        #expect(throws: KeyError.wrongLength(of: "identity key", expected: 32, found: 31)) {
            try IdentityKey(Secret(copying: [UInt8](repeating: 1, count: 31).span))
        }
    }
}
