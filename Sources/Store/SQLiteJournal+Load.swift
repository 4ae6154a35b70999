internal import Fleet
internal import Foundation
internal import GRDB
internal import Ports

/// What the tables say, read back into the vocabulary; text that is no word of it is an error, never skipped.
extension JournalState {
    /// Reads the fleet's row and all that belongs to it.
    init(_ database: Database) throws {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM fleet WHERE id = 1") else {
            throw JournalError(operation: "load", message: "the fleet's row is missing")
        }
        self.init(
            epoch: Epoch(UInt64(bitPattern: row["epoch"])), fleetID: [UInt8](row["fleet_id"] as Data),
            fleetUUID: row["uuid"], desired: row["desired"], replayWindow: row["replay_window"],
            generation: Generation(UInt64(bitPattern: row["generation"])),
            oldest: Generation(UInt64(bitPattern: row["oldest"])), isBehind: row["is_behind"])
        if let sequence = row["roster_sequence"] as Int64?, let digest = Digest([UInt8](row["roster_digest"] as Data)) {
            roster = RosterVersion(sequence: UInt64(bitPattern: sequence), digest: digest)
        }
        try readNodes(database)
        try readNewestRollout(database)
    }

    private mutating func readNodes(_ database: Database) throws {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT name, number, addresses, removed IS NOT NULL AS is_removed, quarantined FROM node")
        for row in rows {
            let text: String = row["name"]
            guard let name = NodeName(text), let number = NodeNumber(row["number"]) else {
                throw JournalError(operation: "load", message: "node \(text) has no valid name or number")
            }
            numbers[name] = number
            let addresses = try Self.addresses(row["addresses"], of: text)
            if !addresses.isEmpty { self.addresses[name] = addresses }
            guard row["is_removed"] else { continue }
            removed[name] = Removal(number: number, quarantined: try Self.addresses(row["quarantined"], of: text))
        }
    }

    private static func addresses(_ lines: String, of node: String) throws -> [Address] {
        try lines.split(separator: "\n").map { line in
            guard let address = Address(String(line)) else {
                throw JournalError(operation: "load", message: "node \(node) has no valid address \(line)")
            }
            return address
        }
    }

    private mutating func readNewestRollout(_ database: Database) throws {
        let sql = "SELECT *, ended IS NULL AS is_open FROM rollout ORDER BY id DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql) else { return }
        rollout = UInt64(bitPattern: row["id"])
        guard row["is_open"] else { return }
        guard let kind = RolloutKind(rawValue: row["kind"]), let absent = AbsentPolicy(rawValue: row["absent"]) else {
            throw JournalError(operation: "load", message: "rollout \(rollout) has no valid kind or policy")
        }
        open = OpenRollout(
            id: rollout, kind: kind, absent: absent, user: row["user"], isWayBack: row["way_back"],
            replayWindow: row["replay_window"])
    }
}
