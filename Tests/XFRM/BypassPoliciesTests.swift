import Fleet
import Testing
import XFRM

@Suite("The bypass keeps control, and is no hole")
struct BypassPoliciesTests {
    private let coordinator = Fixtures.address([10, 77, 0, 100])

    private func node(_ addresses: [Address]) throws -> Node {
        Node(number: 1, name: try #require(NodeName("a")), addresses: addresses, identityKey: [])
    }

    private func texts(_ rules: [Bypass], _ addresses: [Address]) throws -> [String] {
        BypassPolicies.policies(for: rules, own: try node(addresses)).map(\.description)
    }

    @Test("An agent's bus: from a high port of its own address to the coordinator's address and port, and the answers")
    func agent() throws {
        #expect(
            try texts([.bus(coordinator, port: 7740)], [Fixtures.own, Fixtures.own6]) == [
                "src 10.77.0.100/32 dst 10.77.0.1/32 proto tcp sport 7740 dport 0x8000/0x8000 dir in priority 10100",
                "src 10.77.0.1/32 dst 10.77.0.100/32 proto tcp sport 0x8000/0x8000 dport 7740 dir out priority 10100",
            ])
    }

    @Test("The coordinator's own host: its own port only, to and from anybody")
    func coordinatorHost() throws {
        #expect(
            try texts([.bus(Fixtures.own, port: 7740)], [Fixtures.own]) == [
                "src 0.0.0.0/0 dst 10.77.0.1/32 proto tcp dport 7740 dir in priority 10100",
                "src 10.77.0.1/32 dst 0.0.0.0/0 proto tcp sport 7740 dir out priority 10100",
            ])
    }

    @Test("SSH: in to port 22 and its answers, out to port 22 from high ports only")
    func ssh() throws {
        #expect(
            try texts([.ssh], [Fixtures.own]) == [
                "src 0.0.0.0/0 dst 10.77.0.1/32 proto tcp dport 22 dir in priority 10100",
                "src 10.77.0.1/32 dst 0.0.0.0/0 proto tcp sport 22 dir out priority 10100",
                "src 0.0.0.0/0 dst 10.77.0.1/32 proto tcp sport 22 dport 0x8000/0x8000 dir in priority 10100",
                "src 10.77.0.1/32 dst 0.0.0.0/0 proto tcp sport 0x8000/0x8000 dport 22 dir out priority 10100",
            ])
    }

    @Test("Neighbour discovery: types 133 to 137 both ways, on nodes with IPv6 only")
    func neighbourDiscovery() throws {
        let policies = try texts([.neighbourDiscovery], [Fixtures.own6])

        #expect(policies.count == 10)
        #expect(policies.first == "src ::/0 dst ::/0 proto ipv6-icmp type 133 dir in priority 10100")
        #expect(policies.last == "src ::/0 dst ::/0 proto ipv6-icmp type 137 dir out priority 10100")
        #expect(try texts([.neighbourDiscovery], [Fixtures.own]) == [])
    }

    @Test("A node is its addresses: the policies are the same before the roster is known as after")
    func ownAddresses() throws {
        let rules: [Bypass] = [.bus(coordinator, port: 7740), .ssh, .neighbourDiscovery]
        let own = [Fixtures.own, Fixtures.own6]
        #expect(
            BypassPolicies.policies(for: rules, ownAddresses: own)
                == BypassPolicies.policies(for: rules, own: try node(own)))
    }

    @Test("A rule twice gives its policies once, and one for a family that the node lacks gives none")
    func once() throws {
        #expect(try texts([.ssh, .ssh], [Fixtures.own]).count == 4)
        #expect(try texts([.bus(Fixtures.peer6, port: 7740)], [Fixtures.own]) == [])
    }

    @Test("No port but a control port passes in clear: a stranger's source port opens nothing")
    func noHole() throws {
        let rules: [Bypass] = [.bus(coordinator, port: 7740), .ssh]
        for policy in BypassPolicies.policies(for: rules, own: try node([Fixtures.own])) {
            let selector = policy.id.selector
            let remotePort = policy.id.direction == .in ? selector.sourcePort : selector.destinationPort
            let ownPort = policy.id.direction == .in ? selector.destinationPort : selector.sourcePort
            let remote = policy.id.direction == .in ? selector.source : selector.destination
            #expect(selector.protocolNumber == 6)
            let isOwnService = ownPort.mask == 0xffff
            let isClient = ownPort.value == 0x8000 && ownPort.mask == 0x8000
            #expect(isOwnService || (isClient && remotePort.mask == 0xffff), "\(policy)")
            #expect(remotePort != .exactly(7740) || remote == .host(coordinator), "\(policy)")
        }
    }
}
