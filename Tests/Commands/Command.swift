public import Foundation

/// A program that a test runs to its end. Each has a processor: that is what User-Mode Linux and a sweep of seeds use.
public struct Command: Sendable {
    /// How it ended and what it printed.
    public struct Ending: Sendable {
        public var status: Int32
        public var output: String
        /// How long it ran, its turn not waited for.
        public var duration: Duration

        public var lines: [Substring] { output.split(separator: "\n") }
    }

    /// The top of the source tree.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The tests that run; what was built with them lies beside.
    public static let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()

    /// So many at a time; a lab's User-Mode Linux may take 2 GiB.
    private static let atATimeMaximum = 4
    private static let turns = Turns(places: min(atATimeMaximum, ProcessInfo.processInfo.activeProcessorCount))

    private let path: String

    /// - Parameter path: of the program, below the top of the source tree.
    public init(_ path: String) { self.path = Self.root.appending(path: path).path }

    /// - Parameter product: the name of a program of this package.
    public init(product: String) { path = Self.tests.deletingLastPathComponent().appending(path: product).path }

    /// Waits for its turn and for the program without keeping a thread of the other tests.
    ///
    /// The output, errors included, goes to a file, so that no pipe can fill.
    public func run(_ arguments: [String]) async throws -> Ending {
        let file = FileManager.default.temporaryDirectory.appending(path: "testudo-test-\(UUID().uuidString).out")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw CocoaError(.fileWriteUnknown)
        }
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        await Self.turns.take()
        let start = ContinuousClock.now
        let status: Int32
        do {
            status = try await Self.start(path, arguments, output: output)
        } catch {
            await Self.turns.pass()
            throw error
        }
        await Self.turns.pass()
        return Ending(
            status: status, output: try String(contentsOf: file, encoding: .utf8), duration: ContinuousClock.now - start
        )
    }

    private static func start(_ path: String, _ arguments: [String], output: FileHandle) async throws -> Int32 {
        try await withCheckedThrowingContinuation { ended in
            let process = Process()
            process.executableURL = URL(filePath: path)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["TESTUDO_BIN": tests.deletingLastPathComponent().path]) { _, ours in ours }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = output
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                ended.resume(throwing: error)
            }
        }
    }
}

/// Who asks first is first.
private actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { free = places }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func pass() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
