/// One node as the fleet knows it.
public struct Node: Hashable, Sendable {
    /// The most addresses a node may have: two bits of an ``SPI`` name the sender's.
    public static let addressesMaximum = 4

    public var number: NodeNumber
    public var name: NodeName
    /// One to four; the order is part of the roster, for an ``SPI`` carries the index.
    public var addresses: [Address]
    /// The long-lived X25519 public key made at enrolment, 32 bytes.
    public var identityKey: [UInt8]

    public init(number: NodeNumber, name: NodeName, addresses: [Address], identityKey: [UInt8]) {
        self.number = number
        self.name = name
        self.addresses = addresses
        self.identityKey = identityKey
    }

    /// The first address of a family and its index: one address pair a family protects an edge.
    public func address(_ family: Address.Family) -> (index: UInt8, address: Address)? {
        guard let index = addresses.firstIndex(where: { $0.family == family }) else { return nil }
        return (UInt8(index), addresses[index])
    }
}

/// Traffic between nodes that stays clear on every rung, so that the fleet never loses what directs it.
public enum Bypass: Hashable, Sendable {
    /// TCP between any node's own address and this address and port; on the node that has the address, its own port only.
    case bus(Address, port: UInt16)
    /// In to own port 22 and its answers; out to port 22 from ports ≥ 32768.
    case ssh
    /// ICMPv6 neighbour discovery (RFC 4861): types 133…137.
    case neighbourDiscovery
}

/// The nodes of the fleet and its bypass list, as one coordinator directs it.
public struct Roster: Hashable, Sendable {
    /// The most nodes one roster may have: what the lowest 18 bits of an ``SPI`` hold.
    public static let nodesMaximum = Int(NodeNumber.maximum)

    public var epoch: Epoch
    /// 16 bytes made once, the salt of every key derivation.
    public var fleetID: [UInt8]
    /// Grows with every change of the roster.
    public var sequence: UInt64
    public var nodes: [NodeNumber: Node]
    /// Addresses of nodes that were removed while they were dead: nothing is sent to them nor taken from them.
    public var quarantined: [Address]
    public var bypass: [Bypass]
    /// UDP port of probes, on every node.
    public var probePort: UInt16

    public static let defaultProbePort: UInt16 = 7741

    public init(
        epoch: Epoch, fleetID: [UInt8], sequence: UInt64, nodes: [NodeNumber: Node], quarantined: [Address] = [],
        bypass: [Bypass], probePort: UInt16 = defaultProbePort
    ) {
        self.epoch = epoch
        self.fleetID = fleetID
        self.sequence = sequence
        self.nodes = nodes
        self.quarantined = quarantined
        self.bypass = bypass
        self.probePort = probePort
    }
}

/// 32 bytes that stand for the content of something larger (SHA-256 of its encoding).
public struct Digest: Hashable, Sendable {
    public static let byteCount = 32
    public let bytes: [UInt8]

    /// Fails where there are not exactly 32 bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}

/// Names one version of the roster.
public struct RosterVersion: Hashable, Sendable {
    public var sequence: UInt64
    public var digest: Digest

    public init(sequence: UInt64, digest: Digest) {
        self.sequence = sequence
        self.digest = digest
    }
}
