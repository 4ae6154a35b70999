import Fleet
import Ladder
import Ports
import Simulated
import Testing

@testable import Coordinator

@Suite("A configuration is held against what the journal knows")
struct EnrolmentTests {
    private let journal = MemoryJournal()
    private let configuration: FleetConfiguration
    private let moved: FleetConfiguration

    init() throws {
        var members: [FleetConfiguration.Member] = []
        for index in 1...3 {
            members.append(
                .init(
                    name: try #require(NodeName("node\(index)")),
                    addresses: [try #require(Address("192.0.2.\(index)"))],
                    identityKey: [UInt8](repeating: UInt8(index), count: 32)))
        }
        configuration = FleetConfiguration(name: "test", members: members, bypass: [], limits: RolloutLimits())
        members[1].addresses = [try #require(Address("192.0.2.9"))]
        moved = FleetConfiguration(name: "test", members: members, bypass: [], limits: RolloutLimits())
    }

    private func enrol(_ configuration: FleetConfiguration) async throws -> Enrolment {
        try await Enrolment.enrol(configuration, in: journal)
    }

    private func refusal(_ configuration: FleetConfiguration) async -> String? {
        let before = await journal.state
        let error = await #expect(throws: JournalError.self) { try await enrol(configuration) }
        #expect(await journal.state == before)
        return error?.message
    }

    private static let open: [JournalEntry] = [.began(rollout: 1, kind: .enable, absent: .refuse, user: "test")]

    @Test(
        "While IPsec is on, a rollout is open or the journal is behind, no node's address changes or goes",
        arguments: [
            ([.desired(true)], "IPsec is on"), (open, "a rollout was under way"), ([.behind], "the journal is older"),
        ] as [([JournalEntry], String)])
    func changedAddress(entries: [JournalEntry], reason: String) async throws {
        _ = try await enrol(configuration)
        try await journal.record(entries)

        let message = try #require(await refusal(moved))
        #expect(message.hasPrefix(reason))
        #expect(message.contains("no longer gives node2 the address 192.0.2.2"))
        #expect(message.contains("turn IPsec off"))
        #expect(message.contains("DELETE /api/fleet/nodes/node2"))
        #expect(try await enrol(configuration).roster.nodes.count == 3)
        var fewer = configuration
        fewer.members.removeLast()
        #expect(await refusal(fewer)?.contains("no longer lists node3") == true)
    }

    @Test("While it is off an address may change or be added; while it is on a family may be added that no peer has")
    func allowedChanges() async throws {
        _ = try await enrol(configuration)
        #expect(try await enrol(moved).roster.nodes[2]?.addresses == moved.members[1].addresses)
        try await journal.record([.desired(true)])
        var wider = moved
        wider.members[1].addresses.insert(try #require(Address("2001:db8::2")), at: 0)

        let sequence = try #require(await journal.state.roster).sequence
        #expect(try await enrol(wider).version.sequence == sequence + 1)
        var both = wider
        both.members[0].addresses.append(try #require(Address("2001:db8::1")))
        #expect(await refusal(both)?.contains("turn IPsec off before you add it") == true)
        #expect(await refusal(moved)?.contains("no longer gives node2 the address 2001:db8::2") == true)
    }

    @Test("A quarantined address is no member's until it is released")
    func quarantinedAddress() async throws {
        _ = try await enrol(configuration)
        let dead = configuration.members[1]
        try await journal.record([.desired(true), .removed(dead.name, quarantined: dead.addresses)])
        var replaced = configuration
        replaced.members[1].name = try #require(NodeName("node2b"))

        let message = try #require(await refusal(replaced))
        #expect(message.contains("192.0.2.2 of node2b is quarantined since node2 was removed"))
        #expect(message.contains("DELETE /api/fleet/nodes/node2?release=true"))
        #expect(try await enrol(configuration).roster.quarantined == dead.addresses)
        try await journal.record([.released(dead.name)])
        #expect(try await enrol(replaced).roster.nodes.count == 3)
    }

    @Test("Where an earlier version noted no addresses, those of the configuration are taken")
    func earlierVersion() async throws {
        _ = try await enrol(configuration)
        var state = await journal.state
        (state.addresses, state.desired) = ([:], true)
        let older = MemoryJournal(restoring: state)

        _ = try await Enrolment.enrol(moved, in: older)
        #expect(await older.state.addresses[moved.members[1].name] == moved.members[1].addresses)
    }
}
