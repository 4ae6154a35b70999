internal import GRDB

/// The journal's tables. Migrations are named and only ever appended: a database of any earlier version comes up to date.
enum JournalSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 fleet, nodes, rollouts, steps") { database in
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
        return migrator
    }
}
