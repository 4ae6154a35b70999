import Fleet
import Foundation
import GRDB
import Ports
import Testing

@testable import Store

@Suite("Journal without room")
struct FullDiskTests {
    @Test("A database that may not grow refuses a record whole, and takes it once it may")
    func pages() async throws {
        try await JournalFile().with { file in
            let journal = try file.open()

            try await Self.survives(journal) {
                try await journal.database.write { database in
                    let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                    try database.execute(sql: "PRAGMA max_page_count = \(pages)")
                }
            } makeRoom: {
                try await journal.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
            }
        }
    }

    @Test(
        "On a file system of a megabyte the same holds",
        .enabled(if: SmallDisk.isPossible && SmallDisk.directory == nil))
    func inside() throws {
        let child = try SmallDisk.runTests("SmallDiskTests")

        #expect(child.status == 0, "\(child.output)")
        #expect(child.output.contains("2 tests"), "\(child.output)")
    }

    /// More than is left on any page or block.
    private static let large: [JournalEntry] = [
        .desired(true), .replayWindow(256), .began(rollout: 2, kind: .enable, absent: .refuse, user: "admin"),
        .ended(rollout: 2, isSuccess: false, reasons: [String(repeating: "x", count: 65_536)]),
    ]

    /// Small facts are kept; large ones are refused whole until `makeRoom` has been called, and fit afterwards.
    fileprivate static func survives(
        _ journal: SQLiteJournal, fill: () async throws -> Void, makeRoom: () async throws -> Void
    ) async throws {
        try await journal.record([.began(rollout: 1, kind: .enable, absent: .refuse, user: "admin")])
        let before = try await journal.load()
        try await fill()

        for _ in 0..<3 {
            let error = await #expect(throws: JournalError.self) { try await journal.record(large) }
            #expect(error?.operation == "record")
            #expect(error?.message.contains("full") == true, "\(error?.message ?? "")")
        }
        #expect(try await journal.load() == before)

        try await makeRoom()
        try await journal.record(large)
        let after = try await journal.load()
        #expect(after.desired)
        #expect(after.replayWindow == 256)
        #expect(after.rollout == 2)
    }
}

/// Runs where ``SmallDisk`` has made room for little.
@Suite("Journal on a small disk", .enabled(if: SmallDisk.directory != nil), .serialized)
struct SmallDiskTests {
    @Test("A full file system refuses a record whole, and takes it once there is room")
    func fileSystem() async throws {
        let directory = try #require(SmallDisk.directory)

        try await JournalFile(in: directory).with { file in
            let journal = try file.open()
            try await FullDiskTests.survives(journal) {
                try SmallDisk.fill()
            } makeRoom: {
                try SmallDisk.empty()
            }
            let last = try await journal.load()
            try await journal.database.close()
            #expect(try await file.open().load() == last)
        }
    }

    @Test("No journal is begun on a full file system, and one is once there is room")
    func beginning() async throws {
        let directory = try #require(SmallDisk.directory)
        try SmallDisk.fill()

        try await JournalFile(in: directory).with { file in
            let error = #expect(throws: JournalError.self) { try file.open() }
            #expect(error?.operation.hasPrefix("open ") == true)
            try SmallDisk.empty()
            #expect(try await file.open().load().rollout == 0)
        }
    }
}
