import Foundation

/// Runs `testudo-simulate`: a process of its own, so that its hashes are ordered and a crash is only its own.
struct Simulator {
    struct Run {
        var status: Int32
        var output: String

        var lines: [Substring] { output.split(separator: "\n") }
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Built with the tests: its preconditions and exclusivity checks are on.
    static let debug = Simulator(configuration: "debug")
    /// Built by `make build`: a hundred times the seeds.
    static let release = Simulator(configuration: "release")

    let configuration: String

    func run(_ arguments: [String]) throws -> Run {
        let file = FileManager.default.temporaryDirectory.appending(path: "testudo-simulator-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw CocoaError(.fileWriteUnknown)
        }
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        let process = Process()
        process.executableURL = Self.root.appending(path: ".build/\(configuration)/testudo-simulate")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return Run(status: process.terminationStatus, output: try String(contentsOf: file, encoding: .utf8))
    }
}
