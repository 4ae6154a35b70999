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

    public var name: String
    public var members: [Member]
    public var bypass: [Bypass]
    public var limits: RolloutLimits

    public init(name: String, members: [Member], bypass: [Bypass], limits: RolloutLimits) {
        self.name = name
        self.members = members
        self.bypass = bypass
        self.limits = limits
    }
}
