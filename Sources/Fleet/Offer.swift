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

/// What a node gets of an offer set: its own offer and those of the peers toward which it makes SAs.
public struct OfferShare: Hashable, Sendable {
    /// Of the whole set.
    public var version: OfferSetVersion
    /// Anti-replay window of the SAs that are made from it, in packets; 0 for none.
    public var replayWindow: UInt32
    public var offers: [NodeNumber: Offer]

    public init(version: OfferSetVersion, replayWindow: UInt32 = 64, offers: [NodeNumber: Offer]) {
        self.version = version
        self.replayWindow = replayWindow
        self.offers = offers
    }

    /// As much of a set as these nodes offered; all of it for `nil`.
    public init(_ set: OfferSet, _ version: OfferSetVersion, of nodes: Set<NodeNumber>?) {
        var offers = set.offers
        if let nodes {
            offers = [:]
            for node in nodes { offers[node] = set.offers[node] }
        }
        self.init(version: version, replayWindow: set.replayWindow, offers: offers)
    }

    /// Takes what another share of the same set has; a share of another set takes its place.
    public mutating func take(_ other: OfferShare) {
        if other.version == version {
            offers.merge(other.offers) { _, newer in newer }
        } else {
            self = other
        }
    }
}
