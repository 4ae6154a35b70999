import Fleet
import Foundation
import Ports
import Simulation
import Testing

@testable import Store

/// The same requirements for the SQLite journal and for the one in memory that other tests use.
@Suite("Journal")
struct JournalTests {
    static let fresh = SQLiteJournal.FreshFleet(
        epoch: Epoch(1), fleetID: [UInt8](repeating: 7, count: 16), uuid: "00000000-0000-4000-8000-000000000007")

    static func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "testudo-journal-\(UUID().uuidString).sqlite").path
    }

    static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    private func keeps(_ journal: any Journal) async throws {
        let name = try #require(NodeName("node1"))
        let number: NodeNumber = 5
        let digest = try #require(Digest([UInt8](repeating: 9, count: 32)))
        let begun = try await journal.load()
        #expect(begun.epoch == Epoch(1))
        #expect(!begun.desired)
        #expect(begun.rollout == 0)

        try await journal.record([
            .number(name, number), .roster(RosterVersion(sequence: 3, digest: digest)), .desired(true),
            .began(rollout: 4, target: true, user: "admin"), .plan(rollout: 4, Generation(8), isWayBack: false),
            .step(rollout: 4, Stamp(generation: Generation(8), step: 1), name: "preflight"),
            .plan(rollout: 4, Generation(7), isWayBack: true),
            .ended(rollout: 4, isSuccess: false, reasons: ["node1: no report"]),
        ])

        let kept = try await journal.load()
        #expect(kept.numbers == [name: number])
        #expect(kept.roster == RosterVersion(sequence: 3, digest: digest))
        #expect(kept.desired)
        #expect(kept.generation == Generation(8), "an older plan does not lower it")
        #expect(kept.rollout == 4)
        #expect(kept.fleetID == begun.fleetID)
        #expect(kept.fleetUUID == begun.fleetUUID)
    }

    @Test("SQLite keeps what is recorded")
    func sqlite() async throws {
        let path = Self.path()
        defer { Self.remove(path) }
        try await keeps(try SQLiteJournal(path: path, fresh: Self.fresh))
    }

    @Test("Memory keeps what is recorded")
    func memory() async throws { try await keeps(MemoryJournal()) }

    @Test("A journal opened again is the same fleet, whatever a new one would be called")
    func reopened() async throws {
        let path = Self.path()
        defer { Self.remove(path) }
        let first = try await SQLiteJournal(path: path, fresh: Self.fresh).load()
        let other = SQLiteJournal.FreshFleet(epoch: Epoch(2), fleetID: [UInt8](repeating: 1, count: 16), uuid: "other")

        #expect(try await SQLiteJournal(path: path, fresh: other).load() == first)
    }

    @Test("What is recorded together is kept together or not at all")
    func atomic() async throws {
        let path = Self.path()
        defer { Self.remove(path) }
        let journal = try SQLiteJournal(path: path, fresh: Self.fresh)
        _ = try await journal.load()
        let name = try #require(NodeName("node1"))
        let other = try #require(NodeName("node2"))

        await #expect(throws: JournalError.self) {
            try await journal.record([.desired(true), .number(name, 1), .number(other, 1)])
        }

        let kept = try await journal.load()
        #expect(!kept.desired)
        #expect(kept.numbers.isEmpty)
    }

    @Test("A file that is no database is refused with its path")
    func notADatabase() throws {
        let path = Self.path()
        defer { Self.remove(path) }
        try "no database, and long enough not to be taken for an empty one".write(
            toFile: path, atomically: true, encoding: .utf8)

        let error = #expect(throws: JournalError.self) { try SQLiteJournal(path: path, fresh: Self.fresh) }

        #expect(error?.description.contains(path) == true)
    }
}
