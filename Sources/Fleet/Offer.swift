/// One node's fresh key material for one set of SAs, without its secret half.
public struct Offer: Hashable, Sendable {
    /// 16 random bytes, never used again.
    public static let idByteCount = 16

    public var id: [UInt8]
    /// Ephemeral X25519 public key, 32 bytes.
    public var ephemeralKey: [UInt8]
    /// The node's part of the SPI of every SA toward it.
    public var slot: Slot

    public init(id: [UInt8], ephemeralKey: [UInt8], slot: Slot) {
        self.id = id
        self.ephemeralKey = ephemeralKey
        self.slot = slot
    }
}

/// The offers of all nodes for one rollout. It is named by the generation that asked for them.
public struct OfferSet: Hashable, Sendable {
    public var generation: Generation
    /// Anti-replay window of the SAs that are made from it, in packets; 0 for none.
    public var replayWindow: UInt32
    public var offers: [NodeNumber: Offer]

    public init(generation: Generation, replayWindow: UInt32 = 64, offers: [NodeNumber: Offer]) {
        self.generation = generation
        self.replayWindow = replayWindow
        self.offers = offers
    }
}

/// Names one offer set by its generation and what is in it.
public struct OfferSetVersion: Hashable, Sendable {
    public var generation: Generation
    public var digest: Digest

    public init(generation: Generation, digest: Digest) {
        self.generation = generation
        self.digest = digest
    }
}
