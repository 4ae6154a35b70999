public import Fleet

/// One address family's part of an edge: own address, peer's address, and the SAs between them.
///
/// The SPIs are `nil` where the caller does not know them because it goes on from the kernel, without keys.
public struct AddressPair: Hashable, Sendable {
    public var own: Address
    public var peer: Address
    /// Of the SA from the peer, chosen by this node.
    public var inbound: SPI?
    /// Of the SA to the peer, chosen by the peer.
    public var outbound: SPI?

    public init(own: Address, peer: Address, inbound: SPI? = nil, outbound: SPI? = nil) {
        self.own = own
        self.peer = peer
        self.inbound = inbound
        self.outbound = outbound
    }

    var key: PairKey { PairKey(own: own, peer: peer) }
}

/// What an edge should be: the rung, and the address pairs that it is made of.
public struct EdgeWant: Hashable, Sendable {
    public var peer: NodeNumber
    /// One a family; an edge without any has nothing to protect and reads as clear.
    public var pairs: [AddressPair]
    public var rung: Rung
    /// Anti-replay window of SAs that are made, in packets; 0 for none.
    public var replayWindow: UInt32

    public init(peer: NodeNumber, pairs: [AddressPair], rung: Rung, replayWindow: UInt32 = 64) {
        self.peer = peer
        self.pairs = pairs
        self.rung = rung
        self.replayWindow = replayWindow
    }
}

/// The addresses of a pair, seen from the node.
struct PairKey: Hashable {
    var own: Address
    var peer: Address

    func selector(_ direction: Direction) -> Selector {
        direction == .out ? .pair(from: own, to: peer) : .pair(from: peer, to: own)
    }

    func policyID(_ direction: Direction) -> PolicyID {
        PolicyID(direction: direction, selector: selector(direction))
    }

    func inbound(_ spi: SPI) -> AssociationID { AssociationID(source: peer, destination: own, spi: spi) }
    func outbound(_ spi: SPI) -> AssociationID { AssociationID(source: own, destination: peer, spi: spi) }
}

extension PolicyID {
    /// The pair that a policy between two single hosts is for, whatever its protocol and ports.
    var pair: PairKey? {
        guard selector.source.isHost, selector.destination.isHost else { return nil }
        let source = selector.source.address
        let destination = selector.destination.address
        return direction == .out ? PairKey(own: source, peer: destination) : PairKey(own: destination, peer: source)
    }
}

extension Prefix {
    var isHost: Bool { length == address.family.hostPrefixLength }
}
