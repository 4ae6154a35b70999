public import Fleet

/// One address family's part of an edge: own address, peer's address, and SAs between them.
public struct AddressPair: Hashable, Sendable {
    public var own: Address
    public var peer: Address
    /// Of the fresh SA from the peer, chosen by this node; `nil` where no fresh set is named.
    public var inbound: SPI?
    /// Of the fresh SA to the peer, chosen by the peer.
    public var outbound: SPI?
    /// Of the SA to send with on a rung that sends ESP; `nil` keeps the pin that is there.
    public var sending: SPI?

    public init(own: Address, peer: Address, inbound: SPI? = nil, outbound: SPI? = nil, sending: SPI? = nil) {
        self.own = own
        self.peer = peer
        self.inbound = inbound
        self.outbound = outbound
        self.sending = sending
    }

    var key: PairKey { PairKey(own: own, peer: peer) }
}

/// What an edge should be: the rung, with which keys, and the address pairs that it is made of.
public struct EdgeWant: Hashable, Sendable {
    public var peer: NodeNumber
    /// One a family; an edge without any has nothing to protect and reads as clear.
    public var pairs: [AddressPair]
    public var rung: Rung
    /// Seen from the set whose SPIs the pairs name; `nil` where they name none: the SAs stay as they are.
    public var keys: KeyUse?
    /// Whether missing SAs of the fresh set are made; their keys must be at hand.
    public var makesAssociations: Bool
    /// Anti-replay window of SAs that are made, in packets; 0 for none.
    public var replayWindow: UInt32
    /// UDP port of probes.
    public var probePort: UInt16

    public init(
        peer: NodeNumber, pairs: [AddressPair], rung: Rung, keys: KeyUse? = nil, makesAssociations: Bool = false,
        replayWindow: UInt32 = 64, probePort: UInt16 = Roster.defaultProbePort
    ) {
        self.peer = peer
        self.pairs = pairs
        self.rung = rung
        self.keys = keys
        self.makesAssociations = makesAssociations
        self.replayWindow = replayWindow
        self.probePort = probePort
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

    /// The policy for probes alone: UDP from the port to the port.
    func trialID(_ direction: Direction, port: UInt16) -> PolicyID {
        var selector = selector(direction)
        selector.protocolNumber = ProtocolNumber.udp
        selector.sourcePort = .exactly(port)
        selector.destinationPort = .exactly(port)
        return PolicyID(direction: direction, selector: selector)
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
