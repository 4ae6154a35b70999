internal import Foundation

/// Starts this program again.
///
/// Swift draws the order of dictionaries and sets anew in each process, unless it is told not to before it starts.
/// Nothing depends on that order for being right, and a replay depends on it for being exact.
enum SelfLaunch {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    static var hasOrderedHashes: Bool { ProcessInfo.processInfo.environment[variable] != nil }

    /// Runs it with the same arguments and ordered hashes, and answers its exit status.
    static func again() throws -> Int32 {
        let process = try make(Array(CommandLine.arguments.dropFirst()))
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// A process of this program with ordered hashes, ready to run.
    static func make(_ arguments: [String]) throws -> Process {
        let process = Process()
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([variable: "1"]) { $1 }
        return process
    }
}
