import CLinux
import Foundation
import Netlink
import Ports
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
        guard let namespace = try? Namespace() else { return false }
        namespace.delete()
        return true
    }()

    static func with(_ body: (Namespace) async throws -> Void) async throws {
        let namespace = try Namespace()
        defer { namespace.delete() }
        try await body(namespace)
    }

    private init() throws {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        name = "testudo-\(getpid())-\(number)"
        try Self.run(["netns", "add", name])
    }

    private func delete() {
        _ = try? Self.run(["netns", "delete", name])
    }

    /// The kernel of this namespace: its socket is opened by a thread that enters it, and stays there.
    func kernel() async throws -> XFRMKernel { try await inside { try XFRMKernel() } }

    /// Does something on a thread that is in this namespace.
    func inside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let path = "/run/netns/\(name)"
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            let thread = Thread {
                // Safe because the path lives during the call; the thread ends without doing anything else.
                let error = unsafe testudo_enter_network_namespace(path)
                if error != 0 {
                    continuation.resume(returning: .failure(Failure(description: "setns \(path): errno \(error)")))
                } else {
                    continuation.resume(returning: Result { try body() })
                }
            }
            thread.start()
        }
        return try result.get()
    }

    /// Runs `ip` in this namespace; what it printed.
    @discardableResult
    func ip(_ arguments: [String]) throws -> String { try Self.run(["-n", name] + arguments) }

    @discardableResult
    func ip(_ arguments: String...) throws -> String { try ip(arguments) }

    @discardableResult
    private static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/ip")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failure(description: "ip \(arguments.joined(separator: " ")): \(text)")
        }
        return text
    }
}
