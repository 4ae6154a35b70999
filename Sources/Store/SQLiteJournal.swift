public import Fleet
internal import Foundation
internal import GRDB
public import Ports

/// The journal in an embedded SQLite file (WAL, every commit synced): nothing to install.
public actor SQLiteJournal: Journal {
    private let database: DatabaseQueue
    private let fresh: FreshFleet

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

    /// Opens the file, or makes it, and brings its tables up to date.
    public init(path: String, fresh: FreshFleet) throws(JournalError) {
        self.fresh = fresh
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.prepareDatabase { database in
            // A step that was ordered must survive the machine, not only the process.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            try JournalSchema.migrator.migrate(database)
        } catch {
            throw JournalError(operation: "open \(path)", message: "\(error)")
        }
    }

    public func load() async throws(JournalError) -> JournalState {
        do {
            return try await database.write { [fresh] database in try Self.load(database, fresh) }
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(operation: "load", message: "\(error)")
        }
    }

    public func record(_ entries: [JournalEntry]) async throws(JournalError) {
        do {
            try await database.write { database in
                for entry in entries { try Self.record(entry, database) }
            }
        } catch {
            throw JournalError(operation: "record", message: "\(error)")
        }
    }

    private static func load(_ database: Database, _ fresh: FreshFleet) throws -> JournalState {
        try database.execute(
            sql: "INSERT OR IGNORE INTO fleet (id, epoch, fleet_id, uuid) VALUES (1, ?, ?, ?)",
            arguments: [Int64(bitPattern: fresh.epoch.rawValue), Data(fresh.fleetID), fresh.uuid])
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM fleet WHERE id = 1") else {
            throw JournalError(operation: "load", message: "the fleet's row is missing")
        }
        var state = JournalState(
            epoch: Epoch(UInt64(bitPattern: row["epoch"])), fleetID: [UInt8](row["fleet_id"] as Data),
            fleetUUID: row["uuid"])
        state.desired = row["desired"]
        state.generation = Generation(UInt64(bitPattern: row["generation"]))
        if let sequence = row["roster_sequence"] as Int64?, let digest = Digest([UInt8](row["roster_digest"] as Data)) {
            state.roster = RosterVersion(sequence: UInt64(bitPattern: sequence), digest: digest)
        }
        state.rollout = UInt64(try Int64.fetchOne(database, sql: "SELECT max(id) FROM rollout") ?? 0)
        for row in try Row.fetchAll(database, sql: "SELECT name, number FROM node") {
            let name: String = row["name"]
            guard let name = NodeName(name), let number = NodeNumber(row["number"]) else {
                throw JournalError(operation: "load", message: "node \(name) has no valid name or number")
            }
            state.numbers[name] = number
        }
        return state
    }

    private static func record(_ entry: JournalEntry, _ database: Database) throws {
        switch entry {
        case .number(let name, let number):
            try database.execute(
                sql: "INSERT INTO node (name, number) VALUES (?, ?)", arguments: [name.text, number.rawValue])
        case .roster(let version):
            try database.execute(
                sql: "UPDATE fleet SET roster_sequence = ?, roster_digest = ?",
                arguments: [Int64(bitPattern: version.sequence), Data(version.digest.bytes)])
        case .desired(let desired):
            try database.execute(sql: "UPDATE fleet SET desired = ?", arguments: [desired])
        case .began(let rollout, let target, let user):
            try database.execute(
                sql:
                    "INSERT INTO rollout (id, target, user, began) VALUES (?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))",
                arguments: [Int64(bitPattern: rollout), target, user])
        case .plan(_, let generation, _):
            try database.execute(
                sql: "UPDATE fleet SET generation = max(generation, ?)",
                arguments: [Int64(bitPattern: generation.rawValue)])
        case .step(let rollout, let stamp, let name):
            try database.execute(
                sql: """
                    INSERT INTO step (rollout, generation, step, name, began)
                    VALUES (?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))
                    """,
                arguments: [
                    Int64(bitPattern: rollout), Int64(bitPattern: stamp.generation.rawValue), stamp.step, name,
                ])
        case .ended(let rollout, let isSuccess, let reasons):
            try database.execute(
                sql:
                    "UPDATE rollout SET ended = strftime('%Y-%m-%d %H:%M:%f', 'now'), success = ?, reasons = ? WHERE id = ?",
                arguments: [isSuccess, reasons.joined(separator: "\n"), Int64(bitPattern: rollout)])
        }
    }
}
