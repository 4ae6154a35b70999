public import Fleet

/// Asks a node what SAs its kernel holds. Changes nothing and belongs to no rollout.
public struct Inquiry: Hashable, Sendable {
    /// Names the question in its answer.
    public var id: UInt64
    /// How many pairs the asker has already.
    public var offset: UInt32

    public init(id: UInt64, offset: UInt32) {
        self.id = id
        self.offset = offset
    }
}

/// An agent's answer to an ``Inquiry``: so many pairs as one message carries.
public struct AssociationPage: Hashable, Sendable {
    /// Some 80 bytes each: a third of an agent's largest frame.
    public static let pairsMaximum = 2_000

    public var id: UInt64
    /// How many pairs there are in all.
    public var total: UInt32
    public var pairs: [AssociationPair]

    public init(id: UInt64, total: UInt32, pairs: [AssociationPair]) {
        self.id = id
        self.total = total
        self.pairs = pairs
    }
}

/// The SAs of one offer set between two addresses, by read-back.
public struct AssociationPair: Hashable, Sendable {
    /// One SA and what went through it.
    public struct Flow: Hashable, Sendable {
        public var spi: SPI
        public var bytes: UInt64
        public var packets: UInt64

        public init(spi: SPI, bytes: UInt64, packets: UInt64) {
            self.spi = spi
            self.bytes = bytes
            self.packets = packets
        }
    }

    public var local: Address
    public var remote: Address
    /// `nil` where one of the two is gone.
    public var inbound: Flow?
    public var outbound: Flow?
    /// Whether the node sends with it.
    public var isSending: Bool

    public init(local: Address, remote: Address, inbound: Flow?, outbound: Flow?, isSending: Bool) {
        self.local = local
        self.remote = remote
        self.inbound = inbound
        self.outbound = outbound
        self.isSending = isSending
    }
}
