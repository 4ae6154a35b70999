internal import ArgumentParser
internal import AsyncHTTPClient
internal import Foundation
internal import LinuxHost
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import ONTAP

/// Where the coordinator is, and who asks: from options, the environment, a file, or the terminal, in this order.
struct ConnectionOptions: ParsableArguments {
    @Option(name: .both("url"), help: "The coordinator's REST interface, such as https://192.0.2.10:8443.")
    var url: String?
    @Option(name: .both("user"), help: "The account's name.")
    var user: String?
    @Option(name: .both("ca"), help: "A PEM file with the authority that signed the coordinator's certificate.")
    var ca: String?
    @Option(
        name: .both("credentials"),
        help: "A file with lines url=, user=, password= and ca=, mode 0600. Default: ~/.config/testudo/credentials.")
    var credentials: String?
    @Flag(name: .both("json"), help: "Shows JSON: the answer, or all of a list's pages as one.")
    var isJSON = false
    @Option(name: .both("fields"), help: "What is shown: names with commas between.")
    var fields: String?
    @Flag(name: .both("instance"), help: "One block a record instead of a table.")
    var isInstance = false

    /// The password is in no option: those are for all to see.
    private static let environment = (
        url: "TESTUDO_URL", user: "TESTUDO_USER", password: "TESTUDO_PASSWORD", ca: "TESTUDO_CA"
    )

    /// Does something with the coordinator, over one client for all of it.
    func connected<Result>(_ body: (Connection) async throws -> Result) async throws -> Result {
        let connection = try connection()
        do {
            let result = try await body(connection)
            try await connection.close()
            return result
        } catch {
            try? await connection.close()
            throw error
        }
    }

    private func connection() throws -> Connection {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        let file = try Self.read(credentials)
        guard let text = url ?? environment[Self.environment.url] ?? file["url"], let url = URL(string: text),
            url.scheme == "https", url.host != nil
        else { throw ValidationError("no coordinator: give --url https://ADDRESS:PORT, or set TESTUDO_URL") }
        let user = user ?? environment[Self.environment.user] ?? file["user"] ?? "admin"
        guard
            let password = environment[Self.environment.password] ?? file["password"]
                ?? PasswordPrompt.read("Password of \(user): ").map({ String(decoding: $0, as: UTF8.self) }),
            !password.isEmpty
        else { throw ValidationError("no password: set TESTUDO_PASSWORD, or use a credentials file") }
        return Connection(
            url: text.hasSuffix("/") ? String(text.dropLast()) : text,
            authorization: "Basic " + Data("\(user):\(password)".utf8).base64EncodedString(),
            authority: ca ?? environment[Self.environment.ca] ?? file["ca"])
    }

    /// The lines of the credentials file; none where there is no file and none was named.
    private static func read(_ named: String?) throws -> [String: String] {
        let path = named ?? NSHomeDirectory() + "/.config/testudo/credentials"
        guard FileManager.default.fileExists(atPath: path) else {
            if named == nil { return [:] }
            throw ValidationError("\(path): no such file")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        guard let mode = attributes[.posixPermissions] as? Int, mode & 0o077 == 0 else {
            throw ValidationError("\(path): others may read or write it; chmod 600 it")
        }
        var values: [String: String] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "="), equals != line.startIndex else {
                throw ValidationError("\(path): expected lines name=value")
            }
            values[line[..<equals].trimmingCharacters(in: .whitespaces)] =
                line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
        }
        return values
    }
}

/// One coordinator, asked over HTTPS.
struct Connection: Sendable {
    /// An answer takes as long as a rollout, and a little.
    static let patience = Duration.seconds(60)
    static let answerBytesMaximum = 64 << 20

    private let url: String
    private let authorization: String
    private let client: HTTPClient

    init(url: String, authorization: String, authority: String?) {
        self.url = url
        self.authorization = authorization
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authority { tls.trustRoots = .file(authority) }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func close() async throws { try await client.shutdown() }

    func get(_ path: String, within patience: Duration = Self.patience) async throws -> JSONValue {
        try await send(.GET, path, nil, within: patience)
    }

    /// The answer's body, a JSON object; a refusal is thrown in the coordinator's own words.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue?, within patience: Duration
    ) async throws -> JSONValue {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers.add(name: "Authorization", value: authorization)
        request.headers.add(name: "X-Dot-Client-App", value: "testudo-cli")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body.text(pretty: false)))
        }
        let (status, bytes) = try await exchange(request, within: patience)
        let answer = try? JSONParser.parse(bytes, valuesMaximum: Self.answerBytesMaximum)
        if status >= 400 {
            let error = answer?["error"]
            throw Failure(
                status: Failure.refused, code: error?["code"]?.string,
                lines: error.map(Failure.lines) ?? ["status \(status), and no word why"])
        }
        guard let answer else {
            throw Failure(status: Failure.unreachable, lines: ["what answered at \(url) is no coordinator"])
        }
        return answer
    }

    /// The client's own deadline is over when the head is there: a body may never end.
    private func exchange(_ request: HTTPClientRequest, within patience: Duration) async throws -> (UInt, [UInt8]) {
        let isChange = request.method != .GET
        do {
            return try await withThrowingTaskGroup(of: (UInt, [UInt8])?.self) { group in
                group.addTask {
                    let response = try await client.execute(request, timeout: TimeAmount(patience))
                    let body = try await response.body.collect(upTo: Self.answerBytesMaximum)
                    return (response.status.code, Array(buffer: body))
                }
                group.addTask {
                    try await Task.sleep(for: patience)
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let answer = first else {
                    throw HTTPClientError.deadlineExceeded
                }
                return answer
            }
        } catch let error as HTTPClientError where error == .deadlineExceeded && isChange {
            throw Failure(
                status: Failure.late,
                lines: ["\(url) has not answered in time; the change may be under way: testudo job show says"])
        } catch {
            throw Failure(status: Failure.unreachable, lines: ["\(url) cannot be reached: \(error)"])
        }
    }
}

extension JSONValue {
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var number: Int64? { if case .integer(let number) = self { number } else { nil } }
    var array: [JSONValue] { if case .array(let values) = self { values } else { [] } }
}

extension Failure {
    /// ONTAP's error object: code and message, then a line a reason.
    static func lines(_ error: JSONValue) -> [String] {
        ["Error \(error["code"]?.string ?? "?"): \(error["message"]?.string ?? "")"]
            + (error["arguments"]?.array ?? []).compactMap { $0["message"]?.string.map { "  \($0)" } }
    }
}
