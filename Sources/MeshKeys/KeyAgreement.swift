internal import Crypto
internal import Fleet

/// Makes the keys of a pair's SAs from both nodes' identity and ephemeral keys (ARCHITECTURE.md, "Keys").
enum KeyAgreement {
    /// 32 bytes of AES key and 4 of salt (RFC 4106 §8.1).
    static let keyByteCount = 36
    /// The length that an IPv4 address is padded to.
    private static let addressWidth = 16
    private static let sharedByteCount = 32

    /// What is public of one node in one offer set.
    struct Party {
        let number: NodeNumber
        let identityKey: [UInt8]
        let offer: Offer

        /// Checks every length, for the derivation joins fields without separators.
        init(_ node: Node, _ offer: Offer) throws(KeyError) {
            try Self.check(node.identityKey, "identity key of node \(node.number)", IdentityKey.byteCount)
            try Self.check(offer.ephemeralKey, "ephemeral key of node \(node.number)", IdentityKey.byteCount)
            try Self.check(offer.id, "offer id of node \(node.number)", Offer.idByteCount)
            number = node.number
            identityKey = node.identityKey
            self.offer = offer
        }

        private static func check(_ bytes: [UInt8], _ what: String, _ expected: Int) throws(KeyError) {
            guard bytes.count == expected else {
                throw .wrongLength(of: what, expected: expected, found: bytes.count)
            }
        }
    }

    /// What all keys of a pair are expanded from, equal on both nodes: HKDF's extraction (RFC 5869 §2.2) of three
    /// Diffie-Hellmans, salted with the fleet's id.
    ///
    /// `DH(ephemeral, ephemeral) ‖ DH(lower's identity, higher's ephemeral) ‖ DH(lower's ephemeral, higher's identity)`,
    /// lower and higher by node number.
    static func material(
        own: NodeNumber, identity: IdentityKey, ephemeral: Curve25519.KeyAgreement.PrivateKey, peer: Party,
        fleetID: [UInt8]
    ) throws(KeyError) -> SymmetricKey {
        guard own != peer.number else { throw .ownPeer }
        let identityWithEphemeral = (key: identity.privateKey, share: peer.offer.ephemeralKey)
        let ephemeralWithIdentity = (key: ephemeral, share: peer.identityKey)
        let isLower = own < peer.number
        let exchanges = [
            (key: ephemeral, share: peer.offer.ephemeralKey),
            isLower ? identityWithEphemeral : ephemeralWithIdentity,
            isLower ? ephemeralWithIdentity : identityWithEphemeral,
        ]
        var bytes = [UInt8](repeating: 0, count: exchanges.count * sharedByteCount)
        defer { wipe(&bytes) }
        for (index, exchange) in exchanges.enumerated() {
            guard let share = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: exchange.share),
                let shared = try? exchange.key.sharedSecretFromKeyAgreement(with: share),
                place(shared, into: &bytes, at: index * sharedByteCount)
            else { throw .allZero(peer: peer.number) }
        }
        return SymmetricKey(
            data: HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: bytes), salt: fleetID))
    }

    /// The key of one SA, from its sender to its receiver.
    static func key(
        from material: SymmetricKey, source: Address, destination: Address, spi: SPI, sender: Party, receiver: Party
    ) -> Secret {
        var info = CanonicalBytes(label: "testudo sa 1")
        info.append(UInt32(source.family.rawValue))
        info.append(source.bytes, paddedTo: addressWidth)
        info.append(destination.bytes, paddedTo: addressWidth)
        info.append(spi.rawValue)
        for party in [sender, receiver] {
            info.append(party.number.rawValue)
            info.append(fixed: party.identityKey)
            info.append(fixed: party.offer.ephemeralKey)
            info.append(fixed: party.offer.id)
        }
        let key = HKDF<SHA256>.expand(
            pseudoRandomKey: material, info: info.bytes, outputByteCount: keyByteCount)
        // Safe because the span does not outlive the call, and `Secret` copies it.
        return unsafe key.withUnsafeBytes { unsafe Secret(copying: Span(_unsafeBytes: $0)) }
    }

    /// Copies a shared secret into place without a copy that nobody wipes; false where it is all zeros.
    private static func place(_ shared: SharedSecret, into bytes: inout [UInt8], at offset: Int) -> Bool {
        // Safe because the buffer is read within its count only, and not kept.
        unsafe shared.withUnsafeBytes { source in
            guard source.count == sharedByteCount else { return false }
            var bits: UInt8 = 0
            for index in 0..<sharedByteCount {
                let byte = unsafe source[index]
                bytes[offset + index] = byte
                bits |= byte
            }
            return bits != 0
        }
    }
}
