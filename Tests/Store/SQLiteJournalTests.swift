import Fleet
import Foundation
import GRDB
import Ports
import Testing

@testable import Store

@Suite("Journal on disk")
struct SQLiteJournalTests {
    @Test("A journal opened again is the same fleet, whatever a new one would be called")
    func reopened() async throws {
        let other = SQLiteJournal.FreshFleet(epoch: Epoch(2), fleetID: [UInt8](repeating: 1, count: 16), uuid: "other")

        try await JournalFile().with { file in
            let journal = try file.open()
            let name = try #require(NodeName("node1"))
            let address = try #require(Address("192.0.2.1"))
            try await journal.record([
                .number(name, 1), .removed(name, quarantined: [address]), .replayWindow(0), .desired(true),
                .began(rollout: 1, kind: .rotate, absent: .proceed, user: "admin"),
                .plan(rollout: 1, Generation(1), isWayBack: true),
            ])
            let first = try await journal.load()
            try await journal.database.close()

            #expect(try await file.open(fresh: other).load() == first)
            #expect(first.open == .init(id: 1, kind: .rotate, absent: .proceed, user: "admin", isWayBack: true))
        }
    }

    @Test("A record whose task is cancelled is kept: a coordinator that stops ends what it is doing")
    func cancelled() async throws {
        try await JournalFile().with { file in
            let journal = try file.open()
            let writer = Task {
                while !Task.isCancelled { await Task.yield() }
                try await journal.record([.desired(true)])
                return try await journal.load()
            }
            writer.cancel()

            #expect(try await writer.value.desired)
        }
    }

    @Test("A file that is no database is refused with its path")
    func notADatabase() async throws {
        try await JournalFile().with { file in
            try "no database, and long enough not to be taken for an empty one".write(
                toFile: file.path, atomically: true, encoding: .utf8)

            let error = #expect(throws: JournalError.self) { try file.open() }

            #expect(error?.description.contains(file.path) == true)
        }
    }

    @Test("A journal of the first schema opens with all that it kept")
    func firstSchema() async throws {
        try await JournalFile().with { file in
            try Self.writeFirstSchema(file)

            let journal = try file.open()
            let state = try await journal.load()

            let name = try #require(NodeName("node1"))
            let digest = try #require(Digest([UInt8](repeating: 9, count: 32)))
            #expect(
                state
                    == JournalState(
                        epoch: Epoch(.max), fleetID: [UInt8](repeating: 3, count: 16), fleetUUID: "old",
                        numbers: [name: 5], roster: RosterVersion(sequence: 2, digest: digest), desired: true,
                        replayWindow: 64, generation: Generation(7), rollout: 3,
                        open: .init(id: 3, kind: .disable, absent: .refuse, user: "c", isWayBack: false)))
            let rows = try await journal.database.read { database in
                try Row.fetchAll(database, sql: "SELECT id, kind, user, began, ended, success, reasons FROM rollout")
                    .map { $0.databaseValues.map(\.description).joined(separator: " ") }
            }
            #expect(
                rows == [
                    #"1 "enable" "a" "2026-01-01 00:00:01.000" "2026-01-01 00:00:02.000" 1 """#,
                    #"2 "enable" "b" "2026-01-01 00:00:03.000" "2026-01-01 00:00:04.000" 0 "x\ny""#,
                    #"3 "disable" "c" "2026-01-01 00:00:05.000" NULL NULL NULL"#,
                ])

            // Steps belong to their rollouts as before, and the journal goes on.
            #expect(
                try await journal.database.read { database in
                    try String.fetchAll(
                        database, sql: "SELECT step.name FROM step JOIN rollout ON rollout.id = step.rollout")
                } == ["preflight"])
            try await journal.record([
                .step(rollout: 3, Stamp(generation: Generation(7), step: 2), name: "accept"),
                .ended(rollout: 3, isSuccess: true, reasons: []), .replayWindow(128), .removed(name, quarantined: []),
            ])
            await #expect(throws: JournalError.self) {
                try await journal.record([.step(rollout: 4, Stamp(generation: Generation(7), step: 3), name: "x")])
            }
            #expect(try await journal.load().open == nil)
        }
    }

    /// A database as the first version of this package made and filled it.
    private static func writeFirstSchema(_ file: JournalFile) throws {
        let queue = try DatabaseQueue(path: file.path)
        try JournalSchema.migrator.migrate(queue, upTo: JournalSchema.first)
        try queue.write { database in
            try database.execute(
                sql: """
                    INSERT INTO fleet (id, epoch, fleet_id, uuid, desired, generation, roster_sequence, roster_digest)
                    VALUES (1, -1, ?, 'old', 1, 7, 2, ?);
                    INSERT INTO node (name, number) VALUES ('node1', 5);
                    INSERT INTO rollout (id, target, user, began, ended, success, reasons) VALUES
                    (1, 1, 'a', '2026-01-01 00:00:01.000', '2026-01-01 00:00:02.000', 1, ''),
                    (2, 1, 'b', '2026-01-01 00:00:03.000', '2026-01-01 00:00:04.000', 0, 'x\ny'),
                    (3, 0, 'c', '2026-01-01 00:00:05.000', NULL, NULL, NULL);
                    INSERT INTO step (rollout, generation, step, name, began)
                    VALUES (3, 7, 1, 'preflight', '2026-01-01 00:00:06.000');
                    """,
                arguments: [Data(repeating: 3, count: 16), Data(repeating: 9, count: 32)])
        }
        try queue.close()
    }
}
