public import Fleet

/// A range of addresses: an address and how many of its leading bits count.
public struct Prefix: Hashable, Sendable {
    public var address: Address
    public var length: UInt8

    public init(_ address: Address, length: UInt8) {
        self.address = address
        self.length = length
    }

    /// Exactly one host: /32 or /128, which the kernel finds by hash.
    public static func host(_ address: Address) -> Prefix { Prefix(address, length: address.family.hostPrefixLength) }
    public static func any(_ family: Address.Family) -> Prefix { Prefix(.any(family), length: 0) }

    /// Whether one contains the other.
    func overlaps(_ other: Prefix) -> Bool {
        address.shares(bits: min(length, other.length), with: other.address)
    }
}

/// Which ports match: those whose masked bits equal the value's. In host byte order.
public struct PortMatch: Hashable, Sendable {
    public var value: UInt16
    public var mask: UInt16

    public init(value: UInt16, mask: UInt16) {
        self.value = value
        self.mask = mask
    }

    public static let any = PortMatch(value: 0, mask: 0)
    public static func exactly(_ port: UInt16) -> PortMatch { PortMatch(value: port, mask: 0xffff) }
}

/// Which packets an SA or a policy is for (struct xfrm_selector, linux/xfrm.h).
public struct Selector: Hashable, Sendable {
    public var source: Prefix
    public var destination: Prefix
    /// IP protocol number, 0 for any.
    public var protocolNumber: UInt8
    /// For ICMPv6 the kernel reads the type from the source port and the code from the destination port.
    public var sourcePort: PortMatch
    public var destinationPort: PortMatch

    public init(
        source: Prefix, destination: Prefix, protocolNumber: UInt8 = 0, sourcePort: PortMatch = .any,
        destinationPort: PortMatch = .any
    ) {
        self.source = source
        self.destination = destination
        self.protocolNumber = protocolNumber
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
    }

    /// Whether some packet between hosts matches both, ports and protocol aside.
    func overlaps(_ other: Selector) -> Bool {
        source.overlaps(other.source) && destination.overlaps(other.destination)
    }

    /// All traffic from one host to another.
    public static func pair(from source: Address, to destination: Address) -> Selector {
        Selector(source: .host(source), destination: .host(destination))
    }
}

/// What the kernel knows an SA by (struct xfrm_usersa_id): destination, SPI, and ESP as the protocol.
public struct AssociationID: Hashable, Sendable {
    public var source: Address
    public var destination: Address
    public var spi: SPI

    public init(source: Address, destination: Address, spi: SPI) {
        self.source = source
        self.destination = destination
        self.spi = spi
    }
}

/// One ESP SA in transport mode, without its key: AES-GCM with a 256-bit key, ICV 128 (RFC 4106), ESN.
public struct Association: Hashable, Sendable {
    public var id: AssociationID
    /// The owner's tag: ``Ownership/reqid`` for ours.
    public var reqid: UInt32
    /// Anti-replay window in packets.
    public var replayWindow: UInt32
    /// The pair's selector: without it any member could send with another member's address over its own SA.
    public var selector: Selector
    /// Whether it is an SA as ours are.
    public var shape: Shape

    /// What sort of SA it is.
    public enum Shape: Hashable, Sendable {
        /// Transport mode with our algorithm, as ours are.
        case transport
        /// The kernel's own note that it asked a key manager for an SA: no algorithm, no key, gone by itself after
        /// net.core.xfrm_acq_expires seconds. It is in nobody's way. Only ever read.
        case larval
        /// Anything that ours never is: tunnel mode, another algorithm, UDP encapsulation, a mark. Only ever read.
        case other
    }

    public init(id: AssociationID, reqid: UInt32 = Ownership.reqid, replayWindow: UInt32 = 64) {
        self.id = id
        self.reqid = reqid
        self.replayWindow = replayWindow
        selector = .pair(from: id.source, to: id.destination)
        shape = .transport
    }
}

/// What a required ESP policy demands (struct xfrm_user_tmpl), transport mode.
public struct Template: Hashable, Sendable {
    public var reqid: UInt32
    /// The SA to send with; `nil` (0 in the kernel) matches any SA of the reqid.
    public var spi: SPI?
    /// `level use`: read from foreign policies; ours are always required.
    public var isOptional: Bool

    public init(reqid: UInt32 = Ownership.reqid, spi: SPI? = nil, isOptional: Bool = false) {
        self.reqid = reqid
        self.spi = spi
        self.isOptional = isOptional
    }
}

/// In which direction a policy looks (XFRM_POLICY_IN, _OUT, _FWD).
public enum Direction: UInt8, Hashable, Sendable, CaseIterable {
    case `in` = 0
    case out = 1
    case forward = 2
}

/// What the kernel knows a policy by: direction and selector. Priority is not in the key.
public struct PolicyID: Hashable, Sendable {
    public var direction: Direction
    public var selector: Selector

    public init(direction: Direction, selector: Selector) {
        self.direction = direction
        self.selector = selector
    }
}

/// One XFRM policy (struct xfrm_userpolicy_info and its template).
public struct Policy: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        /// Pass in clear, no template.
        case bypass
        /// Require ESP as the template says.
        case protect(Template)
        /// Drop.
        case block
        /// Anything that ours never has: several templates, tunnel mode, another protocol. Only ever read.
        case other
    }

    public var id: PolicyID
    /// The smaller number wins.
    public var priority: UInt32
    public var action: Action

    public init(id: PolicyID, priority: UInt32, action: Action) {
        self.id = id
        self.priority = priority
        self.action = action
    }
}

/// How a kernel object is known as ours: a reserved reqid, and one band of priorities.
public enum Ownership {
    /// "TSTD": no key manager gives it out by itself.
    public static let reqid: UInt32 = 0x5453_5444
    /// Policies outside this band are foreign.
    public static let priorities: ClosedRange<UInt32> = 10_100...10_199
    /// Bypass wins over every pair.
    public static let bypassPriority: UInt32 = 10_100
    /// Probes are required to be ESP before anything else is.
    public static let trialPriority: UInt32 = 10_120
    public static let pairPriority: UInt32 = 10_150

    public static func owns(_ association: Association) -> Bool {
        association.reqid == reqid && association.shape == .transport
    }

    public static func owns(_ policy: Policy) -> Bool {
        switch policy.action {
        case .bypass: policy.priority == bypassPriority
        case .protect(let template):
            [trialPriority, pairPriority].contains(policy.priority) && template.reqid == reqid
        case .block, .other: false
        }
    }
}

/// Names one object of the kernel's.
public enum ObjectID: Hashable, Sendable {
    case association(AssociationID)
    case policy(PolicyID)
}

/// All of one network namespace's ESP SAs and policies at one moment, foreign ones included; or some of them.
public struct Snapshot: Hashable, Sendable {
    public var associations: [ObservedAssociation]
    public var policies: [Policy]

    public init(associations: [ObservedAssociation] = [], policies: [Policy] = []) {
        self.associations = associations
        self.policies = policies
    }
}

/// An SA as the kernel reports it. Keys are never read back.
public struct ObservedAssociation: Hashable, Sendable {
    public var association: Association
    public var bytes: UInt64
    public var packets: UInt64

    public init(association: Association, bytes: UInt64 = 0, packets: UInt64 = 0) {
        self.association = association
        self.bytes = bytes
        self.packets = packets
    }
}

/// One change of kernel state. An SA's key is added by who holds it; there is no way to re-key an SA in place.
public enum Change: Hashable, Sendable {
    case addAssociation(Association)
    case deleteAssociation(AssociationID)
    /// First install: EEXIST where the selector is taken.
    case addPolicy(Policy)
    /// Only over what a read-back shows as ours.
    case updatePolicy(Policy)
    case deletePolicy(PolicyID)
}
