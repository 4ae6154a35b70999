public import Fleet

/// What an agent asks of its machine beside the kernel's XFRM state.
public protocol Host: Sendable {
    /// As they are now. What cannot be read is left empty: it is evidence, not a condition.
    func facts() async -> HostFacts
}

/// One machine's facts at one moment.
public struct HostFacts: Hashable, Sendable {
    /// One address that an interface has.
    public struct InterfaceAddress: Hashable, Sendable {
        public var address: Address
        public var interface: String

        public init(address: Address, interface: String) {
            self.address = address
            self.interface = interface
        }
    }

    /// Global unicast addresses of interfaces that are up; neither loopback nor link-local ones.
    public var addresses: [InterfaceAddress]
    /// What makes a clone or a restored snapshot another machine (/etc/machine-id); empty where there is none.
    public var machineID: String
    /// Names of running programs that manage IPsec keys by themselves, such as `charon` or `pluto`.
    public var keyDaemons: [String]

    public init(addresses: [InterfaceAddress] = [], machineID: String = "", keyDaemons: [String] = []) {
        self.addresses = addresses
        self.machineID = machineID
        self.keyDaemons = keyDaemons
    }
}
