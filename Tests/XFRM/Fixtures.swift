import Fleet
import Testing
import XFRM

/// Two nodes' addresses and everything of ours that can lie between them, seen from the first.
enum Fixtures {
    static let own = address([10, 77, 0, 1])
    static let peer = address([10, 77, 0, 2])
    static let own6 = address([0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    static let peer6 = address([0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])
    static let inbound = SPI(rawValue: 0x0010_0002)
    static let outbound = SPI(rawValue: 0x0020_0001)
    static let oldInbound = SPI(rawValue: 0x0030_0002)
    static let oldOutbound = SPI(rawValue: 0x0040_0001)
    static let key = [UInt8](0..<36)
    static let pair = AddressPair(own: own, peer: peer, inbound: inbound, outbound: outbound)
    static let pair6 = AddressPair(own: own6, peer: peer6, inbound: inbound, outbound: outbound)

    /// Toward the coordinator's port.
    static let bypass: Policy = {
        let selector = Selector(
            source: .host(own), destination: .host(peer), protocolNumber: 6, destinationPort: .exactly(7740))
        return Policy(
            id: PolicyID(direction: .out, selector: selector), priority: Ownership.bypassPriority, action: .bypass)
    }()

    static func address(_ bytes: [UInt8]) -> Address {
        guard let address = Address(family: bytes.count == 4 ? .ipv4 : .ipv6, bytes: bytes) else {
            preconditionFailure("an address has 4 or 16 bytes")
        }
        return address
    }

    static func association(in spi: SPI, _ pair: AddressPair = pair) -> Association {
        Association(id: AssociationID(source: pair.peer, destination: pair.own, spi: spi))
    }

    static func association(out spi: SPI, _ pair: AddressPair = pair) -> Association {
        Association(id: AssociationID(source: pair.own, destination: pair.peer, spi: spi))
    }

    static func policy(
        _ direction: Direction, spi: SPI? = nil, isOptional: Bool = false, _ pair: AddressPair = pair
    ) -> Policy {
        let selector: Selector =
            direction == .out ? .pair(from: pair.own, to: pair.peer) : .pair(from: pair.peer, to: pair.own)
        return Policy(
            id: PolicyID(direction: direction, selector: selector), priority: Ownership.pairPriority,
            action: .protect(Template(spi: spi, isOptional: isOptional)))
    }

    /// The policies for probes, sent with this SA.
    static func trial(
        _ spi: SPI, port: UInt16 = Roster.defaultProbePort, _ pair: AddressPair = pair
    ) -> [Policy] {
        [Direction.in, .out].map { direction in
            var policy = policy(direction, spi: direction == .out ? spi : nil, pair)
            policy.id.selector.protocolNumber = 17
            policy.id.selector.sourcePort = .exactly(port)
            policy.id.selector.destinationPort = .exactly(port)
            policy.priority = Ownership.trialPriority
            return policy
        }
    }

    static func snapshot(_ associations: [Association], _ policies: [Policy]) -> Snapshot {
        Snapshot(associations: associations.map { ObservedAssociation(association: $0) }, policies: policies)
    }

    /// The whole message of a change.
    static func message(_ change: Change, key: [UInt8] = [], sequence: UInt32 = 7) throws -> [UInt8] {
        let key = key.span
        return try [UInt8](capacity: change.messageByteCount) { output throws(EncodingError) in
            try change.encode(key: key, sequence: sequence, into: &output)
        }
    }

    // The test macros take no spans: these readers do it out of their sight.
    static func association(_ bytes: [UInt8]) -> ObservedAssociation? { ObservedAssociation(decoding: bytes.span) }
    static func policy(_ bytes: [UInt8]) -> Policy? { Policy(decoding: bytes.span) }
    static func header(_ bytes: [UInt8], at offset: Int) -> NetlinkHeader? { NetlinkHeader(bytes.span, at: offset) }
    static func answer(_ bytes: [UInt8], flags: UInt16) -> Acknowledgement? {
        Acknowledgement(decoding: bytes.span, flags: flags)
    }

    /// A message's payload, as a dump would answer it.
    static func payload(_ change: Change, key: [UInt8] = []) throws -> [UInt8] {
        Array(try message(change, key: key).dropFirst(16))
    }
}

/// A kernel as small as the plan's proof needs: its errors, and nothing forgiven.
struct ModelKernel {
    var have: Snapshot

    /// Whether the change was made; the kernel refuses what exists already or does not exist.
    mutating func apply(_ change: Change) -> Bool {
        switch change {
        case .addAssociation(let association):
            guard !have.associations.contains(where: { $0.association.id == association.id }) else { return false }
            have.associations.append(ObservedAssociation(association: association))
        case .deleteAssociation(let id):
            guard let index = have.associations.firstIndex(where: { $0.association.id == id }) else { return false }
            have.associations.remove(at: index)
        case .addPolicy(let policy):
            guard !have.policies.contains(where: { $0.id == policy.id }) else { return false }
            have.policies.append(policy)
        case .updatePolicy(let policy):
            guard let index = have.policies.firstIndex(where: { $0.id == policy.id }) else { return false }
            have.policies[index] = policy
        case .deletePolicy(let id):
            guard let index = have.policies.firstIndex(where: { $0.id == id }) else { return false }
            have.policies.remove(at: index)
        }
        return true
    }
}
