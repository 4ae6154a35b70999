import CLinux
import Foundation
import Synchronization
import Testing

/// A network namespace of a test's own, with nothing in it.
struct Namespace: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let counter = Atomic<Int>(0)
    private let name: String

    /// Whether this process may make one.
    static let isPossible: Bool = {
        guard geteuid() == 0, let namespace = try? Namespace() else { return false }
        namespace.delete()
        return true
    }()

    static func with(_ body: (Namespace) async throws -> Void) async throws {
        let namespace = try Namespace()
        defer { namespace.delete() }
        try await body(namespace)
    }

    private init() throws {
        name = "testudo-host-\(getpid())-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        try RunningProgram("/usr/sbin/ip", ["netns", "add", name]).expectSuccess()
    }

    private func delete() { _ = try? RunningProgram("/usr/sbin/ip", ["netns", "delete", name]).expectSuccess() }

    /// Does something on a thread that is in this namespace.
    func inside<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws -> Value {
        let path = "/run/netns/\(name)"
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            Thread {
                // Safe because the path lives during the call; the thread ends without doing anything else.
                let error = unsafe testudo_enter_network_namespace(path)
                continuation.resume(
                    returning: error == 0
                        ? .success(body()) : .failure(Failure(description: "setns \(path): errno \(error)")))
            }.start()
        }
        return try result.get()
    }

    func ip(_ arguments: String...) throws {
        try RunningProgram("/usr/sbin/ip", ["-n", name] + arguments).expectSuccess()
    }

    /// Starts a program in this namespace: `ip` becomes it.
    func start(_ program: String, _ arguments: String...) throws -> RunningProgram {
        try RunningProgram("/usr/sbin/ip", ["netns", "exec", name, program] + arguments)
    }
}

/// A program that a test started.
struct RunningProgram {
    private let process = Process()

    init(_ path: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    func expectSuccess() throws {
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = process.arguments ?? []
            throw Namespace.Failure(description: "\(words.joined(separator: " ")): \(process.terminationStatus)")
        }
    }

    /// Ends it and waits until it has ended.
    func end() {
        // Whoever runs the tests may have blocked SIGTERM, and a program inherits that.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}
