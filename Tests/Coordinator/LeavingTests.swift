import Fleet
import Ladder
import Ports
import Simulated
import Testing

@testable import Coordinator

@Suite("What is left of a node that has left")
struct LeavingTests {
    @Test("Nothing that was known of a removed node counts: one of another protocol blocks no climb any more")
    func olderProtocol() async throws {
        let fleet = try await SmallFleet(3)
        let third = try #require(NodeName("node3"))
        try await fleet.run {
            fleet.bus.announce(protocolVersion: 0, from: 3)
            fleet.bus.cutOff(3)
            try await eventually("node3 is absent") { !fleet.coordinator.status().nodes[2].isPresent }
            #expect(await fleet.perform(.remove(third)) == .done)

            #expect(await fleet.setEnabled(true) == .done)
            let coordinator = fleet.coordinator
            #expect(await coordinator.protocols[3] == nil)
            #expect(await coordinator.incarnations[3] == nil)
            #expect(await coordinator.bootIDs[3] == nil)
            #expect(await coordinator.problems[3] == nil)
        }
    }

    @Test("A node that has left is out of the journal with the end of its rollout, or still in")
    func oneTransaction() async throws {
        let fleet = try await SmallFleet(3)
        let second = try #require(NodeName("node2"))
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            #expect(await fleet.perform(.remove(second)) == .done)

            let batch = try #require(
                await fleet.journal.batches.last { $0.contains(.removed(second, quarantined: [])) })
            #expect(batch.contains { if case .ended(_, true, _) = $0 { true } else { false } })
            #expect(batch.contains { if case .roster = $0 { true } else { false } })
        }
    }

    @Test("A leave in which the coordinator died is a failure: the node is a member, and protected again")
    func interruptedLeave() async throws {
        let earlier = try await SmallFleet(3)
        try await earlier.run { #expect(await earlier.setEnabled(true) == .done) }
        var state = await earlier.journal.state
        state.open = .init(id: state.rollout, kind: .leave, absent: .proceed, user: "test", isWayBack: false)
        let fleet = try await SmallFleet(3, after: earlier, journal: MemoryJournal(restoring: state))

        try await fleet.run {
            try await eventually("it has ended") {
                !fleet.outcomes(.leave).isEmpty && fleet.outcomes(.leave) != [.running]
            }
            #expect(fleet.outcomes(.leave) == [.failure])
            #expect(fleet.coordinator.status().nodes.count == 3)
            try await fleet.expectProtected()
        }
    }
}
