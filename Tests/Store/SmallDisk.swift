import Foundation

/// A file system of a megabyte that only a child of this process sees: a tmpfs in a mount namespace of its own.
///
/// The child is this very test program, told to run one suite.
enum SmallDisk {
    private static let variable = "TESTUDO_SMALL_DISK"

    /// Where it is mounted, in the child.
    static let directory = ProcessInfo.processInfo.environment[variable]

    /// Whether this process may make one: as root, or where user namespaces are allowed.
    static let isPossible = (try? run(["true"]).status) == 0

    /// Runs the tests whose names match, on a small disk.
    static func runTests(_ filter: String) throws -> (status: Int32, output: String) {
        try run([CommandLine.arguments[0], "--testing-library", "swift-testing", "--filter", filter])
    }

    private static func run(_ command: [String]) throws -> (status: Int32, output: String) {
        let directory = FileManager.default.temporaryDirectory.appending(path: "testudo-disk-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let script = #"mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@""#
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["unshare", "--mount"] + (geteuid() == 0 ? [] : ["--map-root-user"])
            + ["sh", "-c", script, "sh", directory] + command
        process.environment = ProcessInfo.processInfo.environment.merging([variable: directory]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Writes until nothing more fits.
    static func fill() throws {
        let path = "\(directory ?? "")/ballast"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let block = Data(repeating: 0, count: 512)
        while (try? file.write(contentsOf: block)) != nil {}
        try file.close()
    }

    /// Makes room again.
    static func empty() throws { try FileManager.default.removeItem(atPath: "\(directory ?? "")/ballast") }
}
