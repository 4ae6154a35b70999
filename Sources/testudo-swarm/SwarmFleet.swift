internal import Coordinator
internal import Fleet
internal import Ladder
internal import Ports
internal import Store

/// Who is in a fleet.
enum SwarmFleet {
    static let epoch = Epoch(1)
    private static let fleetID = [UInt8](repeating: 1, count: 16)
    private static let bypass: [Bypass] = [.ssh, .neighbourDiscovery]

    static var fresh: SQLiteJournal.FreshFleet { .init(epoch: epoch, fleetID: fleetID, uuid: "testudo-swarm") }

    /// - Parameter identityKey: of each, X25519; nobody agrees on keys with it in a large fleet.
    static func member(_ index: Int, identityKey: [UInt8]) throws -> FleetConfiguration.Member {
        let (high, low) = (index / 250, index % 250 + 1)
        guard let name = NodeName("node\(index + 1)"), let four = Address("10.77.\(high).\(low)"),
            let six = Address("fd77::\(high + 1):\(low)")
        else { throw SwarmError("no address for agent \(index + 1)") }
        return .init(name: name, addresses: [four, six], identityKey: identityKey)
    }

    static func configuration(_ members: [FleetConfiguration.Member], drainMilliseconds: UInt64) -> FleetConfiguration {
        var limits = RolloutLimits()
        limits.drain = .fixed(milliseconds: drainMilliseconds)
        return FleetConfiguration(name: "swarm", members: members, bypass: bypass, limits: limits)
    }

    /// Members without identity keys of their own.
    static func members(_ count: Int) throws -> [FleetConfiguration.Member] {
        try (0..<count).map { try member($0, identityKey: [UInt8](repeating: 7, count: 32)) }
    }

    /// The roster that its coordinator makes, for agents that hold it already: sent to each it would be N² bytes.
    static func roster(_ count: Int) throws -> Roster {
        var nodes: [NodeNumber: Node] = [:]
        for (index, member) in try members(count).enumerated() {
            guard let number = NodeNumber(UInt32(index + 1)) else { throw SwarmError("no number for \(member.name)") }
            nodes[number] = Node(
                number: number, name: member.name, addresses: member.addresses, identityKey: member.identityKey)
        }
        return Roster(
            epoch: epoch, fleetID: fleetID, sequence: 1, nodes: nodes, quarantined: [], bypass: bypass,
            probePort: Roster.defaultProbePort)
    }
}
