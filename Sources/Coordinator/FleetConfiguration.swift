public import Fleet
public import Ladder

/// The fleet as the operator wrote it down: node numbers are not his to give.
public struct FleetConfiguration: Sendable {
    public struct Member: Hashable, Sendable {
        public var name: NodeName
        /// One to four.
        public var addresses: [Address]
        /// X25519 public key, 32 bytes.
        public var identityKey: [UInt8]

        public init(name: NodeName, addresses: [Address], identityKey: [UInt8]) {
            self.name = name
            self.addresses = addresses
            self.identityKey = identityKey
        }
    }

    /// When keys are changed without a call.
    public struct Rotation: Hashable, Sendable {
        /// Without ESN an SA's sequence numbers end at 2³² (RFC 4303 §2.2.1); half of that leaves time to rotate, and is
        /// far below what AES-GCM allows for a key (RFC 4106 §2).
        public static let packetsMaximum: UInt64 = 1 << 31

        /// `nil` for never.
        public var everyMilliseconds: UInt64?
        /// As soon as any SA has sent so many.
        public var packets: UInt64

        public init(everyMilliseconds: UInt64? = nil, packets: UInt64 = packetsMaximum) {
            self.everyMilliseconds = everyMilliseconds
            self.packets = min(packets, Self.packetsMaximum)
        }
    }

    public var name: String
    public var members: [Member]
    public var bypass: [Bypass]
    public var limits: RolloutLimits
    public var absent: AbsentPolicy
    public var rotation: Rotation
    /// How often edges that send ESP are probed, `nil` for never: a connection tracker can let the first probes through
    /// and block ESP later.
    public var inspectionMilliseconds: UInt64?
    public var probePort: UInt16

    public init(
        name: String, members: [Member], bypass: [Bypass], limits: RolloutLimits, absent: AbsentPolicy = .refuse,
        rotation: Rotation = Rotation(), inspectionMilliseconds: UInt64? = 200_000,
        probePort: UInt16 = Roster.defaultProbePort
    ) {
        self.name = name
        self.members = members
        self.bypass = bypass
        self.limits = limits
        self.absent = absent
        self.rotation = rotation
        self.inspectionMilliseconds = inspectionMilliseconds
        self.probePort = probePort
    }
}
