import Fleet
import Foundation
import Ports
import Simulated

@testable import Store

/// The journals there are: what one promises, all do.
enum Backend: String, CaseIterable, Sendable {
    case sqlite
    case memory

    /// A new journal for as long as `body` runs.
    func with(_ body: (any Journal) async throws -> Void) async throws {
        switch self {
        case .sqlite: try await JournalFile().with { file in try await body(try file.open()) }
        case .memory: try await body(MemoryJournal())
        }
    }
}

/// A place for a journal on disk.
struct JournalFile {
    static let fresh = SQLiteJournal.FreshFleet(
        epoch: Epoch(1), fleetID: [UInt8](repeating: 7, count: 16), uuid: "00000000-0000-4000-8000-000000000007")

    let path: String

    init(in directory: String = FileManager.default.temporaryDirectory.path) {
        path = "\(directory)/testudo-journal-\(UUID().uuidString).sqlite"
    }

    func open(fresh: SQLiteJournal.FreshFleet = JournalFile.fresh) throws -> SQLiteJournal {
        try SQLiteJournal(path: path, fresh: fresh)
    }

    /// Removes the file afterwards.
    func with(_ body: (JournalFile) async throws -> Void) async throws {
        defer {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        }
        try await body(self)
    }
}
