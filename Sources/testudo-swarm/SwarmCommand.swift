internal import ArgumentParser
internal import Foundation

/// Whole fleets on one machine, to measure what a fleet costs: the real bus with CURVE, the real coordinator and journal.
@main
struct SwarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo-swarm",
        abstract: "Measures rollouts of many agents on one machine: real bus with CURVE, no kernel is touched.",
        discussion: """
            `edges` has whole agents, each with every edge in a kernel in memory: for fleets of up to a few hundred.
            `keys`, `agents` and `coordinator` are a fleet of up to 10000, its coordinator in one process and its agents \
            in others: each agent's edges are one state, and nobody agrees on keys.
            """,
        subcommands: [
            EdgesCommand.self, KeysCommand.self, AgentsCommand.self, CoordinatorCommand.self, BareCommand.self,
        ])
}

/// What each process of a large fleet is told.
struct FleetOptions: ParsableArguments {
    @Option(help: "How many agents, 2 to 10000.")
    var agents = 100
    @Option(help: "The coordinator's port on 127.0.0.1.")
    var port: UInt16 = 17_740
    @Option(help: "The folder with the fleet's keys and its journal.", completion: .directory)
    var folder: String

    static let counts = 2...10_000

    func validate() throws {
        guard Self.counts.contains(agents) else { throw ValidationError("--agents takes 2 to 10000") }
    }

    var endpoint: String { "tcp://127.0.0.1:\(port)" }
    var keysPath: String { folder + "/keys" }
    var journalPath: String { folder + "/journal.sqlite" }
}

/// Lends a new folder, which goes when the body ends.
func withTemporaryFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "testudo-swarm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
}

/// Says why a measurement cannot go on.
struct SwarmError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Prints a line at once, also into a file.
func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
