import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Synchronization

@testable import CoordinatorAPI

/// A server with a folder of its own, which is removed when the test ends.
final class ServerFixture: Sendable {
    let directory: String
    let fleet: FakeFleet
    let server: RESTServer
    let log: LogLines
    let password: String

    init(
        fleet: FakeFleet = FakeFleet(), listen: [RESTConfiguration.Endpoint] = [.init(host: "127.0.0.1", port: 0)],
        limits: RESTLimits = RESTLimits()
    ) throws {
        directory = try Self.makeDirectory()
        let log = LogLines()
        var configuration = RESTConfiguration(listen: listen, directory: directory)
        configuration.passwordCost = .test
        configuration.limits = limits
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .debug
        self.fleet = fleet
        self.log = log
        server = try RESTServer(control: fleet, configuration: configuration, logger: logger)
        password = try String(contentsOfFile: directory + "/password", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    static func makeDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("testudo-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    var authorization: String { "Basic " + Data("admin:\(password)".utf8).base64EncodedString() }

    /// Runs a test over one of the transports: the responder alone, or a socket.
    func test(
        _ transport: TestingSetup, _ body: @Sendable @escaping (any TestClientProtocol) async throws -> Void
    ) async throws {
        let application = server.application(
            server: server.plainServer(), endpoint: .init(host: "127.0.0.1", port: 0), onPort: { _ in })
        try await application.test(transport, body)
    }

    /// Serves over TLS while `body` runs, which is given the ports.
    func serve(_ body: @Sendable @escaping ([Int]) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.server.run() }
            let ports = await server.ports()
            if let ports { try await body(ports) }
            group.cancelAll()
            do {
                try await group.waitForAll()
            } catch is CancellationError {}
        }
    }
}

extension PasswordHash.Cost {
    /// Cheap: tests hash many times.
    static let test = PasswordHash.Cost(logarithm: 4, blockSize: 1, parallelism: 1)
}

/// A log in memory.
final class LogLines: LogHandler {
    private let lines = Mutex<[String]>([])

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.withLock { $0.append("\(event.level) \(event.message) \(pairs.joined(separator: " "))") }
    }
}

extension TestClientProtocol {
    /// One request with the right credentials unless told otherwise; `accept` nil sends none.
    func send(
        _ method: String, _ target: String, body: String? = nil, accept: String? = nil, authorization: String?,
        headers more: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = more
        headers[.accept] = accept
        headers[.authorization] = authorization
        guard let verb = HTTPRequest.Method(method) else { throw UnknownMethod() }
        return try await execute(uri: target, method: verb, headers: headers, body: body.map { ByteBuffer(string: $0) })
    }
}

struct UnknownMethod: Error {}

extension TestResponse {
    var text: String { String(buffer: body) }
}

/// The ways a request reaches the server in a test.
enum Transport: String, CaseIterable, Sendable {
    case router
    case socket

    var setup: TestingSetup { self == .router ? .router : .live }
}
