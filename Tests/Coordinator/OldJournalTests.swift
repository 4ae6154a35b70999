import Fleet
import Ladder
import Ports
import Simulated
import Testing

@testable import Coordinator

/// The coordinator's journal was lost, or an older copy of it put in its place.
@Suite("A journal that is older than the fleet")
struct OldJournalTests {
    enum Loss: CaseIterable { case lost, fromBeforeItWasOn }

    /// A fleet that was turned on, and the journal that its coordinator has afterwards.
    private static func protected(_ loss: Loss) async throws -> (fleet: SmallFleet, journal: MemoryJournal) {
        let fleet = try await SmallFleet(3)
        let before = await fleet.journal.state
        try await fleet.run { #expect(await fleet.setEnabled(true) == .done) }
        return (fleet, loss == .lost ? MemoryJournal(epoch: Epoch(2)) : MemoryJournal(restoring: before))
    }

    private static func isToldOfEverywhere(_ fleet: SmallFleet) -> Bool {
        fleet.coordinator.status().nodes.allSatisfy { $0.problems.contains(Coordinator.isBehind) }
    }

    @Test(
        "It turns nothing off without a call; every node says what to do, also to the next process",
        arguments: Loss.allCases)
    func nothingIsTurnedOff(loss: Loss) async throws {
        var (fleet, journal) = try await Self.protected(loss)
        for _ in 0..<2 {
            fleet = try await SmallFleet(3, after: fleet, journal: journal)
            try await fleet.run { [fleet] in
                try await eventually("every node says so") { Self.isToldOfEverywhere(fleet) }
                guard case .failed(let failure) = await fleet.perform(.rollout(.prepare, absent: nil)) else {
                    return #expect(Bool(false), "the edges went down to accept")
                }

                #expect(failure.reasons.map(\.message) == [Coordinator.isBehind])
                try await fleet.expectProtected()
                #expect(fleet.coordinator.status().rollouts.isEmpty)
            }
        }
    }

    @Test(
        "A call to turn on or off says which state is meant, and ends it for good", arguments: Loss.allCases,
        [true, false])
    func aCallEndsIt(loss: Loss, target: Bool) async throws {
        let (earlier, journal) = try await Self.protected(loss)
        let fleet = try await SmallFleet(3, after: earlier, journal: journal)
        try await fleet.run {
            #expect(await fleet.setEnabled(target) == .done)
            #expect(fleet.coordinator.status().enabled == target)
            #expect(fleet.coordinator.status().nodes.allSatisfy { $0.problems.isEmpty })
        }
        let next = try await SmallFleet(3, after: fleet)
        try await next.run {
            #expect(await next.setEnabled(target) == .unchanged)
            #expect(next.coordinator.status().nodes.allSatisfy { $0.problems.isEmpty })
            for kernel in next.kernels where !target { try await expectEmpty(kernel) }
        }
    }

    @Test("A rollout that is open in it is not gone on with: its end and all after it are not known")
    func openRollout() async throws {
        let (earlier, _) = try await Self.protected(.lost)
        var state = await earlier.journal.state
        state.generation = .none
        state.open = .init(id: state.rollout, kind: .disable, absent: .refuse, user: "test", isWayBack: false)
        let fleet = try await SmallFleet(3, after: earlier, journal: MemoryJournal(restoring: state))

        try await fleet.run {
            try await eventually("it is given up") {
                fleet.coordinator.status().rollouts.first { $0.kind == .disable }?.outcome == .failure
            }
            try await eventually("the fleet is on") { fleet.coordinator.status().enabled }
            try await fleet.expectProtected()
            #expect(await fleet.journal.state.desired)
        }
    }

    @Test("A new fleet's agents know no journal, and are not behind one")
    func newFleet() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            #expect(fleet.coordinator.status().nodes.allSatisfy { $0.problems.isEmpty })
            #expect(await !fleet.journal.state.isBehind)
        }
    }
}
