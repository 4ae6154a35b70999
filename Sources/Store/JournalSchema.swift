internal import GRDB

/// The journal's tables. Migrations are named and only ever appended: a database of any earlier version comes up to date.
enum JournalSchema {
    static let first = "1 fleet, nodes, rollouts, steps"
    static let second = "2 replay window, kinds of rollouts, removed nodes"
    static let third = "3 a journal that is behind its fleet"
    static let fourth = "4 addresses of nodes"
    static let fifth = "5 windows of rollouts, the oldest sets of SAs"

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration(first, migrate: makeTables)
        migrator.registerMigration(second, migrate: addKindsAndRemovals)
        migrator.registerMigration(third) { database in
            try database.alter(table: "fleet") { table in
                table.add(column: "is_behind", .boolean).notNull().defaults(to: false)
            }
        }
        migrator.registerMigration(fourth) { database in
            try database.alter(table: "node") { table in
                // One a line.
                table.add(column: "addresses", .text).notNull().defaults(to: "")
            }
        }
        migrator.registerMigration(fifth) { database in
            try database.alter(table: "fleet") { table in
                table.add(column: "oldest", .integer).notNull().defaults(to: 0)
            }
            try database.alter(table: "rollout") { table in table.add(column: "replay_window", .integer) }
        }
        return migrator
    }

    private static func makeTables(_ database: Database) throws {
        try database.create(table: "fleet") { table in
            table.primaryKey("id", .integer).check { $0 == 1 }
            table.column("epoch", .integer).notNull()
            table.column("fleet_id", .blob).notNull()
            table.column("uuid", .text).notNull()
            table.column("desired", .boolean).notNull().defaults(to: false)
            table.column("generation", .integer).notNull().defaults(to: 0)
            table.column("roster_sequence", .integer)
            table.column("roster_digest", .blob)
        }
        try database.create(table: "node") { table in
            table.primaryKey("name", .text)
            table.column("number", .integer).notNull().unique()
        }
        try database.create(table: "rollout") { table in
            table.primaryKey("id", .integer)
            table.column("target", .boolean).notNull()
            table.column("user", .text).notNull()
            table.column("began", .datetime).notNull()
            table.column("ended", .datetime)
            table.column("success", .boolean)
            table.column("reasons", .text)
        }
        try database.create(table: "step") { table in
            table.autoIncrementedPrimaryKey("id")
            table.column("rollout", .integer).notNull().references("rollout")
            table.column("generation", .integer).notNull()
            table.column("step", .integer).notNull()
            table.column("name", .text).notNull()
            table.column("began", .datetime).notNull()
        }
    }

    /// A rollout's `target` becomes its `kind`: a table of its own, for SQLite before 3.35 drops no column.
    ///
    /// Until now nobody could go on without an absent node, and a way back was not told apart.
    private static func addKindsAndRemovals(_ database: Database) throws {
        try database.alter(table: "fleet") { table in
            table.add(column: "replay_window", .integer).notNull().defaults(to: 64)
        }
        try database.alter(table: "node") { table in
            table.add(column: "removed", .datetime)
            // Addresses, one a line.
            table.add(column: "quarantined", .text).notNull().defaults(to: "")
            table.add(column: "released", .datetime)
        }
        try database.create(table: "rollout_with_kind") { table in
            table.primaryKey("id", .integer)
            table.column("kind", .text).notNull()
            table.column("absent", .text).notNull()
            table.column("user", .text).notNull()
            table.column("way_back", .boolean).notNull().defaults(to: false)
            table.column("began", .datetime).notNull()
            table.column("ended", .datetime)
            table.column("success", .boolean)
            table.column("reasons", .text)
        }
        try database.execute(
            sql: """
                INSERT INTO rollout_with_kind (id, kind, absent, user, began, ended, success, reasons)
                SELECT id, CASE WHEN target THEN 'enable' ELSE 'disable' END, 'refuse', user, began, ended, success, reasons
                FROM rollout
                """)
        try database.drop(table: "rollout")
        try database.rename(table: "rollout_with_kind", to: "rollout")
    }
}
