public import Fleet

/// What a node's own configuration forbids, whatever the coordinator orders.
public struct NodeRules: Hashable, Sendable {
    /// What a peer must be.
    public struct Pin: Hashable, Sendable {
        /// X25519 public key, 32 bytes.
        public var identityKey: [UInt8]
        public var addresses: Set<Address>

        public init(identityKey: [UInt8], addresses: Set<Address>) {
            self.identityKey = identityKey
            self.addresses = addresses
        }
    }

    /// Where this node's configuration says that its coordinator listens.
    public struct Coordinator: Hashable, Sendable {
        public var address: Address
        public var port: UInt16

        public init(address: Address, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// An edge that has reached this rung, in any address family, does not go below it.
    public var minimumRung: Rung
    public var pins: [NodeName: Pin]
    /// Above `clear`, what else of a peer's TCP would pass in clear as the bus's.
    public var coordinator: Coordinator?

    public init(minimumRung: Rung = .clear, pins: [NodeName: Pin] = [:], coordinator: Coordinator? = nil) {
        self.minimumRung = minimumRung
        self.pins = pins
        self.coordinator = coordinator
    }

    /// Why an edge may not be moved, `nil` where it may.
    func objection(from rung: Rung, to place: Rung) -> String? {
        guard rung >= minimumRung, place < minimumRung else { return nil }
        return "this node's minimum_rung is \(minimumRung)"
    }

    /// How a roster contradicts the pins or would let traffic with a peer pass in clear below `minimum_rung`, `nil` where it
    /// does not.
    ///
    /// - Parameters:
    ///   - own: this node's number.
    ///   - shielded: peers' addresses to which edges are protected by this node's own record: a pinned peer that
    ///     has one of them may not just be left out, for its edge would fall to clear; it may be quarantined.
    func objection(to roster: Roster, own: NodeNumber, shielded: Set<Address>) -> String? {
        for node in roster.nodes.values.sorted(by: { $0.number < $1.number }) {
            guard let pin = pins[node.name] else {
                if let (address, owner) = pinned(among: node.addresses) {
                    return "the roster gives \(node.name) \(address), which is pinned to \(owner) here"
                }
                continue
            }
            if node.identityKey != pin.identityKey {
                return "the roster gives \(node.name) another identity key than is pinned here"
            }
            if Set(node.addresses) != pin.addresses {
                return "the roster gives \(node.name) other addresses than are pinned here"
            }
        }
        if let (address, port) = strangeBypass(in: roster, own, shielded) {
            return
                "the roster lets TCP to \(address) port \(port) pass in clear, which is a node's and not this node's coordinator; minimum_rung is \(minimumRung)"
        }
        let names = Set(roster.nodes.values.map(\.name))
        let missing = pins.filter { name, pin in
            !names.contains(name) && !pin.addresses.intersection(shielded).isSubset(of: roster.quarantined)
        }
        guard let name = missing.keys.map(\.text).min() else { return nil }
        return "the roster lacks \(name), which is pinned here and protected"
    }

    private func strangeBypass(
        in roster: Roster, _ own: NodeNumber, _ shielded: Set<Address>
    ) -> (Address, UInt16)? {
        guard minimumRung > .clear else { return nil }
        // Where the coordinator runs on a node it may be reached by all of that node's addresses.
        let host = roster.nodes.values.first { node in
            node.number == own && coordinator?.address.isLoopback ?? false
                || coordinator.map { node.addresses.contains($0.address) } ?? false
        }
        let coordinators = Set(host?.addresses ?? []).union([coordinator?.address].compactMap(\.self))
        let nodes = Set(roster.nodes.values.flatMap(\.addresses)).union(shielded).union(roster.quarantined)
        for case .bus(let address, let port) in roster.bypass
        where nodes.contains(address) && !(coordinators.contains(address) && coordinator?.port == port) {
            return (address, port)
        }
        return nil
    }

    private func pinned(among addresses: [Address]) -> (Address, NodeName)? {
        for address in addresses {
            if let owner = pins.first(where: { $0.value.addresses.contains(address) }) { return (address, owner.key) }
        }
        return nil
    }
}
