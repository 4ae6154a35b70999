public import Fleet
internal import Foundation
internal import GRDB
public import Ports

/// The journal in an embedded SQLite file (WAL, every commit synced): nothing to install.
///
/// A record that cannot be written whole, as on a full disk, leaves the file as it was; the next one may succeed.
public actor SQLiteJournal: Journal {
    let database: DatabaseQueue

    /// What a new journal calls its fleet; drawn at random by the main.
    public struct FreshFleet: Sendable {
        public var epoch: Epoch
        /// 16 bytes.
        public var fleetID: [UInt8]
        public var uuid: String

        public init(epoch: Epoch, fleetID: [UInt8], uuid: String) {
            self.epoch = epoch
            self.fleetID = fleetID
            self.uuid = uuid
        }
    }

    /// Opens the file, or makes it, and brings its tables up to date; a new one gets the fresh fleet's identity.
    public init(path: String, fresh: FreshFleet) throws(JournalError) {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.prepareDatabase { database in
            // A step that was ordered must survive the machine, not only the process.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try JournalSchema.migrator.migrate(database)
            try database.write { database in
                try database.execute(
                    sql: "INSERT OR IGNORE INTO fleet (id, epoch, fleet_id, uuid) VALUES (1, ?, ?, ?)",
                    arguments: [Int64(bitPattern: fresh.epoch.rawValue), Data(fresh.fleetID), fresh.uuid])
            }
        } catch {
            throw JournalError(operation: "open \(path)", message: "\(error)")
        }
    }

    public func load() async throws(JournalError) -> JournalState {
        try await write("load") { database in try JournalState(database) }
    }

    /// Refuses an entry that does not follow from what is kept: an end of a rollout that never began, say.
    public func record(_ entries: [JournalEntry]) async throws(JournalError) {
        try await write("record") { database in
            for entry in entries {
                try Self.record(entry, database)
                guard database.changesCount == 1 else {
                    throw JournalError(operation: "record", message: "nothing is kept that \(entry) belongs to")
                }
            }
        }
    }

    /// One transaction, in a task that nobody cancels: GRDB gives a write up whose task is cancelled, and a coordinator
    /// that is told to stop would say that its journal cannot be written.
    private func write<Result: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(JournalError) -> Result {
        do {
            return try await Task { [database] in try await database.write(body) }.value
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(operation: operation, message: "\(error)")
        }
    }

    /// Its last statement changes one row, or none where the entry has no place.
    private static func record(_ entry: JournalEntry, _ database: Database) throws {
        switch entry {
        case .number, .addresses, .removed, .released: try recordNode(entry, database)
        case .began, .plan, .step, .ended: try recordRollout(entry, database)
        case .roster(let version):
            try database.run(
                "UPDATE fleet SET roster_sequence = ?, roster_digest = ?",
                [Int64(bitPattern: version.sequence), Data(version.digest.bytes)])
        case .desired(let desired):
            try database.run("UPDATE fleet SET desired = ?", [desired])
        case .replayWindow(let packets):
            try database.run("UPDATE fleet SET replay_window = ?", [packets])
        case .oldest(let generation):
            try database.run("UPDATE fleet SET oldest = ?", [Int64(bitPattern: generation.rawValue)])
        case .behind: try database.run("UPDATE fleet SET is_behind = TRUE")
        case .caughtUp(let generation):
            try database.run(
                "UPDATE fleet SET is_behind = FALSE, generation = max(generation, ?)",
                [Int64(bitPattern: generation.rawValue)])
        }
    }

    private static func recordNode(_ entry: JournalEntry, _ database: Database) throws {
        switch entry {
        case .number(let name, let number):
            try database.run("INSERT INTO node (name, number) VALUES (?, ?)", [name.text, number.rawValue])
        case .addresses(let name, let addresses):
            try database.run(
                "UPDATE node SET addresses = ? WHERE name = ?",
                [addresses.map(\.description).joined(separator: "\n"), name.text])
        case .removed(let name, let quarantined):
            try database.run(
                "UPDATE node SET removed = \(now), quarantined = ?, released = NULL WHERE name = ?",
                [quarantined.map(\.description).joined(separator: "\n"), name.text])
        case .released(let name):
            try database.run(
                "UPDATE node SET released = \(now), quarantined = '' WHERE name = ? AND removed IS NOT NULL",
                [name.text])
        default: break
        }
    }

    private static func recordRollout(_ entry: JournalEntry, _ database: Database) throws {
        switch entry {
        case .began(let rollout, let kind, let absent, let user, let window):
            // Ids grow: the newest rollout is the one with the greatest.
            let id = Int64(bitPattern: rollout)
            try database.run(beginning, [id, kind.rawValue, absent.rawValue, user, window, id])
        case .plan(let rollout, let generation, let isWayBack):
            try database.run(
                "UPDATE fleet SET generation = max(generation, ?)",
                [Int64(bitPattern: generation.rawValue)])
            try database.run(
                "UPDATE rollout SET way_back = ? WHERE id = ?",
                [isWayBack, Int64(bitPattern: rollout)])
        case .step(let rollout, let stamp, let name):
            try database.run(
                "INSERT INTO step (rollout, generation, step, name, began) VALUES (?, ?, ?, ?, \(now))",
                [
                    Int64(bitPattern: rollout), Int64(bitPattern: stamp.generation.rawValue), stamp.step, name,
                ])
        case .ended(let rollout, let isSuccess, let reasons):
            try database.run(
                "UPDATE rollout SET ended = \(now), success = ?, reasons = ? WHERE id = ?",
                [isSuccess, reasons.joined(separator: "\n"), Int64(bitPattern: rollout)])
        default: break
        }
    }

    private static let beginning = """
        INSERT INTO rollout (id, kind, absent, user, replay_window, began) SELECT ?, ?, ?, ?, ?, \(now)
        WHERE ? > (SELECT coalesce(max(id), 0) FROM rollout)
        """

    /// The moment of the statement, in UTC, to the millisecond.
    private static let now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
}

extension Database {
    /// Runs one statement, prepared once.
    fileprivate func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
