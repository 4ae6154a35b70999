public import Fleet

/// The fleet's bypass list as the policies of one node.
///
/// Losing control because of what we control must be impossible, and the bypass must not be a hole: every policy names
/// the ports on the side that owns them, never a port on either side.
public enum BypassPolicies {
    /// SSH's port (RFC 4251) and the mask of ports ≥ 32768, from which Linux connects by default.
    private static let sshPort: UInt16 = 22
    private static let clientPorts = PortMatch(value: 0x8000, mask: 0x8000)
    /// RFC 4861: router solicitation and advertisement, neighbour solicitation and advertisement, redirect.
    private static let neighbourDiscoveryTypes: ClosedRange<UInt16> = 133...137

    /// The policies of one node, each once, in the order of the rules.
    ///
    /// A rule for an address of a family that the node has no address of gives no policy.
    public static func policies(for rules: [Bypass], own: Node) -> [Policy] {
        policies(for: rules, ownAddresses: own.addresses)
    }

    /// The policies of the node that has these addresses.
    public static func policies(for rules: [Bypass], ownAddresses own: [Address]) -> [Policy] {
        var seen = Set<PolicyID>()
        return rules.flatMap { policies(for: $0, own: own) }.filter { seen.insert($0.id).inserted }
    }

    private static func policies(for rule: Bypass, own addresses: [Address]) -> [Policy] {
        switch rule {
        case .bus(let address, let port):
            // The coordinator's own node: whoever connects, to this port only.
            if addresses.contains(address) {
                return conversation(
                    own: .host(address), ownPort: .exactly(port), remote: .any(address.family), remotePort: .any)
            }
            return addresses.filter { $0.family == address.family }.flatMap {
                conversation(own: .host($0), ownPort: clientPorts, remote: .host(address), remotePort: .exactly(port))
            }
        case .ssh:
            return addresses.flatMap { address -> [Policy] in
                let remote = Prefix.any(address.family)
                return conversation(
                    own: .host(address), ownPort: .exactly(sshPort), remote: remote, remotePort: .any)
                    + conversation(
                        own: .host(address), ownPort: clientPorts, remote: remote, remotePort: .exactly(sshPort))
            }
        case .neighbourDiscovery:
            guard addresses.contains(where: { $0.family == .ipv6 }) else { return [] }
            return neighbourDiscoveryTypes.flatMap { type in
                [Direction.in, .out].map { direction in
                    // The kernel reads the ICMPv6 type from the source port, in both directions.
                    policy(
                        direction,
                        Selector(
                            source: .any(.ipv6), destination: .any(.ipv6), protocolNumber: ProtocolNumber.icmpv6,
                            sourcePort: .exactly(type)))
                }
            }
        }
    }

    /// TCP both ways between two ends. In comes first: what is answered must be heard.
    private static func conversation(
        own: Prefix, ownPort: PortMatch, remote: Prefix, remotePort: PortMatch
    ) -> [Policy] {
        [
            policy(
                .in,
                Selector(
                    source: remote, destination: own, protocolNumber: ProtocolNumber.tcp, sourcePort: remotePort,
                    destinationPort: ownPort)),
            policy(
                .out,
                Selector(
                    source: own, destination: remote, protocolNumber: ProtocolNumber.tcp, sourcePort: ownPort,
                    destinationPort: remotePort)),
        ]
    }

    private static func policy(_ direction: Direction, _ selector: Selector) -> Policy {
        Policy(
            id: PolicyID(direction: direction, selector: selector), priority: Ownership.bypassPriority, action: .bypass)
    }
}
