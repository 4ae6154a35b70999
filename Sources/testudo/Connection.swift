internal import ArgumentParser
internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

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
    @Flag(name: .both("json"), help: "Shows the answer as it came.")
    var isJSON = false
    @Option(name: .both("fields"), help: "What is shown: names with commas between.")
    var fields: String?
    @Flag(name: .both("instance"), help: "One block a record instead of a table.")
    var isInstance = false

    /// The password is in no option: those are for all to see.
    private static let environment = (
        url: "TESTUDO_URL", user: "TESTUDO_USER", password: "TESTUDO_PASSWORD", ca: "TESTUDO_CA"
    )

    func connect() throws -> Connection {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        let file = try Self.read(credentials)
        guard let text = url ?? environment[Self.environment.url] ?? file["url"], let url = URL(string: text),
            url.scheme == "https", url.host != nil
        else { throw ValidationError("no coordinator: give --url https://ADDRESS:PORT, or set TESTUDO_URL") }
        let user = user ?? environment[Self.environment.user] ?? file["user"] ?? "admin"
        guard let password = environment[Self.environment.password] ?? file["password"] ?? Terminal.password(of: user)
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
    static let secondsMaximum: Int64 = 60
    static let answerBytesMaximum = 64 << 20

    let url: String
    let authorization: String
    let authority: String?

    /// An answer: its status and its body, a JSON object.
    struct Answer: Sendable {
        var status: Int
        var text: String
    }

    func get(_ path: String) async throws -> Answer { try await send(.GET, path, nil) }

    func send(_ method: HTTPMethod, _ path: String, _ body: String?) async throws -> Answer {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authority { tls.trustRoots = .file(authority) }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            var request = HTTPClientRequest(url: url + path)
            request.method = method
            request.headers.add(name: "Authorization", value: authorization)
            request.headers.add(name: "X-Dot-Client-App", value: "testudo-cli")
            if let body {
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(ByteBuffer(string: body))
            }
            let response = try await client.execute(request, timeout: .seconds(Self.secondsMaximum))
            let buffer = try await response.body.collect(upTo: Self.answerBytesMaximum)
            try await client.shutdown()
            return try checked(Answer(status: Int(response.status.code), text: String(buffer: buffer)))
        } catch let failure as Failure {
            throw failure
        } catch {
            try? await client.shutdown()
            throw Failure(status: Failure.unreachable, lines: ["\(url) cannot be reached: \(error)"])
        }
    }

    /// A refusal in the coordinator's own words: code and message, then a line a reason.
    private func checked(_ answer: Answer) throws -> Answer {
        guard answer.status >= 400 else { return answer }
        guard let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(answer.text.utf8)) else {
            throw Failure(status: Failure.refused, lines: ["status \(answer.status): \(answer.text)"])
        }
        throw Failure(status: Failure.refused, lines: refusal.error.lines)
    }
}

/// ONTAP's error object.
struct Refusal: Decodable {
    struct Detail: Decodable {
        struct Argument: Decodable { var message: String }

        var message: String
        var code: String
        var arguments: [Argument]?

        var lines: [String] { ["Error \(code): \(message)"] + (arguments ?? []).map { "  \($0.message)" } }
    }

    var error: Detail
}
