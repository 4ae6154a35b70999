import Foundation
import Glibc
import HTTPTypes
import HummingbirdTesting
import Logging
import Ports
import ServiceLifecycle
import Testing

@testable import CoordinatorAPI

@Suite("The server")
struct ServerTests {
    /// What one run of curl said.
    private struct Curl {
        var status: Int32
        var output: String
    }

    /// Runs curl against the server's own authority and nothing else; the password goes by standard input.
    private static func curl(_ fixture: ServerFixture, _ arguments: [String]) async throws -> Curl {
        let password = fixture.password
        return try await blocking { try run(arguments, password: password) }
    }

    private static func run(_ arguments: [String], password: String) throws -> Curl {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["curl", "--silent", "--noproxy", "*", "--max-time", "20", "--config", "-"] + arguments
        let output = Pipe()
        let input = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("user = \"admin:\(password)\"\n".utf8))
        try input.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Curl(status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
    }

    @Test("curl with the authority's certificate turns IPsec on over TLS, by name, IPv4 and IPv6")
    func smoke() async throws {
        let fixture = try ServerFixture(listen: [.init(host: "127.0.0.1", port: 0), .init(host: "::1", port: 0)])

        try await fixture.serve { ports in
            #expect(ports.count == 2 && ports.allSatisfy { $0 > 0 })
            let authority = ["--cacert", fixture.directory + "/ca.pem"]
            let patch = try await Self.curl(
                fixture,
                authority + [
                    "--request", "PATCH", "--data", #"{"enabled": true}"#,
                    "https://127.0.0.1:\(ports[0])/api/security/ipsec",
                ])
            #expect(patch.status == 0)
            #expect(patch.output == "{}")
            for host in ["localhost:\(ports[0])", "127.0.0.1:\(ports[0])", "[::1]:\(ports[1])"] {
                let get = try await Self.curl(
                    fixture,
                    authority + [
                        "--globoff", "--ipv\(host.hasPrefix("[") ? 6 : 4)", "--header", "Accept: application/json",
                        "https://\(host)/api/security/ipsec",
                    ])
                #expect(get.status == 0, "\(host)")
                #expect(get.output == "{\n  \"enabled\": true,\n  \"replay_window\": \"64\"\n}", "\(host)")
            }
        }
        #expect(
            fixture.fleet.changes == [
                .init(request: .configure(enabled: true, replayWindow: nil), user: "admin")
            ])
    }

    @Test("A client that does not trust the authority, or speaks TLS 1.1 or plain HTTP, gets nothing")
    func strangers() async throws {
        let fixture = try ServerFixture()

        try await fixture.serve { ports in
            let target = "127.0.0.1:\(ports[0])/api/security/ipsec"
            let authority = ["--cacert", fixture.directory + "/ca.pem"]
            let distrustful = try await Self.curl(fixture, ["https://\(target)"])
            #expect(distrustful.status == 60)
            let old = try await Self.curl(fixture, authority + ["--tls-max", "1.1", "https://\(target)"])
            #expect(old.status == 35)
            let plain = try await Self.curl(fixture, ["http://\(target)"])
            #expect(plain.status != 0)
        }
    }

    @Test("A password is hashed once, then remembered; a wrong one is refused after it as before")
    func remembers() async throws {
        let directory = try ServerDirectory(path: try ServerFixture.makeDirectory())
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        let accounts = try Accounts.loadOrMake(in: directory, cost: .test)
        let authenticator = Authenticator(accounts: accounts, cost: .test)
        let password = try String(contentsOfFile: directory.path + "/password", encoding: .utf8).dropLast()
        func header(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }

        for _ in 0..<2 {
            #expect(await authenticator.check(header("admin:\(password)"), from: "192.0.2.1") == .user("admin", .admin))
            #expect(await authenticator.check(header("admin:\(password)x"), from: "192.0.2.1") == .wrong(user: "admin"))
            #expect(await authenticator.check(header("root:\(password)"), from: "192.0.2.1") == .wrong(user: "root"))
            #expect(await authenticator.check(header("admin"), from: "192.0.2.1") == .missing)
            #expect(await authenticator.check(nil, from: "192.0.2.1") == .missing)
        }
    }

    @Test("Whoever guesses from one address leaves places to the others")
    func oneAddress() async throws {
        let directory = try ServerDirectory(path: try ServerFixture.makeDirectory())
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        let cost = PasswordHash.Cost(logarithm: 10, blockSize: 8, parallelism: 1)
        let authenticator = Authenticator(accounts: try Accounts.loadOrMake(in: directory, cost: cost), cost: cost)
        let password = try String(contentsOfFile: directory.path + "/password", encoding: .utf8).dropLast()
        func header(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }

        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { _ = await authenticator.check(header("admin:wrong\(number)"), from: "192.0.2.1") }
            }
            await Task.yield()
            #expect(await authenticator.check(header("admin:\(password)"), from: "192.0.2.2") == .user("admin", .admin))
        }
    }

    @Test("A client's first calls, all at once from one address, are all served: they are one check")
    func firstCalls() async throws {
        let directory = try ServerDirectory(path: try ServerFixture.makeDirectory())
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        let cost = PasswordHash.Cost(logarithm: 10, blockSize: 8, parallelism: 1)
        let authenticator = Authenticator(accounts: try Accounts.loadOrMake(in: directory, cost: cost), cost: cost)
        let password = try String(contentsOfFile: directory.path + "/password", encoding: .utf8).dropLast()
        let header = "Basic " + Data("admin:\(password)".utf8).base64EncodedString()

        let verdicts = await withTaskGroup(of: Authenticator.Verdict.self) { group in
            for _ in 0..<100 { group.addTask { await authenticator.check(header, from: "192.0.2.1") } }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(verdicts.count == 100)
        #expect(verdicts.allSatisfy { $0 == .user("admin", .admin) })
    }

    @Test("Of many that send the same wrong password at once one is told in the log, and all are refused")
    func sameWrong() async throws {
        let directory = try ServerDirectory(path: try ServerFixture.makeDirectory())
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        let cost = PasswordHash.Cost(logarithm: 10, blockSize: 8, parallelism: 1)
        let authenticator = Authenticator(accounts: try Accounts.loadOrMake(in: directory, cost: cost), cost: cost)
        let header = "Basic " + Data("admin:wrong".utf8).base64EncodedString()

        let verdicts = await withTaskGroup(of: Authenticator.Verdict.self) { group in
            for _ in 0..<50 { group.addTask { await authenticator.check(header, from: "192.0.2.1") } }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(verdicts.allSatisfy { $0 == .wrong(user: "admin") || $0 == .wrongToo })
        #expect(verdicts.count { $0 == .wrong(user: "admin") } < verdicts.count { $0 == .wrongToo })
    }

    @Test("A crowd with wrong passwords is told to wait, and who is known already is served meanwhile")
    func crowd() async throws {
        let directory = try ServerDirectory(path: try ServerFixture.makeDirectory())
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        // Slow enough that a hundred requests are all there before the first is checked.
        let cost = PasswordHash.Cost(logarithm: 10, blockSize: 8, parallelism: 1)
        let accounts = try Accounts.loadOrMake(in: directory, cost: cost)
        let authenticator = Authenticator(accounts: accounts, cost: cost)
        let password = try String(contentsOfFile: directory.path + "/password", encoding: .utf8).dropLast()
        func header(_ text: String) -> String { "Basic " + Data(text.utf8).base64EncodedString() }
        let right = header("admin:\(password)")
        #expect(await authenticator.check(right, from: "192.0.2.1") == .user("admin", .admin))

        var verdicts: [Authenticator.Verdict] = []
        await withTaskGroup(of: Authenticator.Verdict.self) { group in
            for number in 0..<100 {
                group.addTask { await authenticator.check(header("admin:wrong\(number)"), from: "192.0.2.\(number)") }
            }
            #expect(await authenticator.check(right, from: "192.0.2.1") == .user("admin", .admin))
            for await verdict in group { verdicts.append(verdict) }
        }
        #expect(verdicts.allSatisfy { $0 == .busy || $0 == .wrong(user: "admin") })
        #expect(verdicts.contains(.busy))
        #expect(verdicts.contains(.wrong(user: "admin")))
    }

    @Test("The log names who asked for what and with which client, bounded and printable, and holds no secret")
    func logs() async throws {
        let fixture = try ServerFixture()
        let client = try #require(HTTPField.Name("X-Dot-Client-App"))

        try await fixture.test(.router) { tester in
            _ = try await tester.send(
                "PATCH", "/api/security/ipsec?return_timeout=5", body: #"{"enabled":true}"#,
                authorization: fixture.authorization,
                headers: [client: "netapp-ontap-python-9.19\u{e9}" + String(repeating: "x", count: 5_000)])
            _ = try await tester.send(
                "GET", "/api/cluster?secret_key=hidden", authorization: fixture.authorization)
            _ = try await tester.send(
                "GET", "/api/cluster", authorization: "Basic " + Data("ro\not:hunter2".utf8).base64EncodedString())
        }

        let log = fixture.log.text
        #expect(log.contains("info request client=netapp-ontap-python-9.19??xxx"))
        #expect(log.contains("method=PATCH microseconds="))
        #expect(log.contains("path=/api/security/ipsec peer=unknown status=200 user=admin"))
        #expect(log.contains("warning wrong credentials code=6691623"))
        #expect(log.contains("user=ro?ot"))
        #expect(log.split(separator: "\n").allSatisfy { $0.utf8.count < 1_000 })
        for secret in [fixture.password, fixture.authorization, "hunter2", "hidden"] {
            #expect(!log.contains(secret))
        }
    }

    @Test("A service group's shutdown ends the server in peace")
    func shutdown() async throws {
        struct Served: Service {
            let server: RESTServer
            func run() async throws { try await server.run() }
        }
        let fixture = try ServerFixture()
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Served(server: fixture.server))], logger: .init(label: "test")))

        async let run: Void = group.run()
        let ports = await fixture.server.ports()
        #expect(ports?.count == 1)
        await group.triggerGracefulShutdown()
        try await run
        #expect(await fixture.server.ports() == nil)
    }

    @Test("An address that is taken ends the server with an error that names it, and whoever waits for ports is told")
    func takenPort() async throws {
        let first = try ServerFixture()

        try await first.serve { ports in
            let second = try ServerFixture(listen: [.init(host: "127.0.0.1", port: ports[0])])
            async let waiting = second.server.ports()
            let error = await #expect(throws: RESTStartError.self) { try await second.server.run() }
            #expect(error?.operation == "listen on 127.0.0.1 port \(ports[0])")
            #expect(await waiting == nil)
        }
    }

    @Test(
        "A connection that says nothing, or does not end its request, is closed",
        arguments: [
            "", "GET /api/cluster HTTP/1.1\r\nHost: a\r\n",
            "PATCH /api/security/ipsec HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"enabled\":",
        ])
    func slowClients(text: String) async throws {
        var limits = RESTLimits()
        limits.idleSeconds = 1
        limits.bodySeconds = 1
        let fixture = try ServerFixture(limits: limits)

        try await fixture.test(.live) { client in
            let port = try #require(client.port)
            let socket = try RawConnection(port: port)
            try socket.send(text)
            // Answers may come first; the end must come, or the read fails after its deadline.
            #expect(try await blocking { socket.endsWithin(seconds: 15) })
        }
        #expect(fixture.fleet.changes.isEmpty)
    }

    @Test("A body shorter than it was announced changes nothing, whole JSON or not")
    func cutBody() async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.live) { client in
            let port = try #require(client.port)
            let socket = try RawConnection(port: port)
            try socket.send(
                "PATCH /api/security/ipsec HTTP/1.1\r\nHost: a\r\nAuthorization: \(fixture.authorization)\r\n"
                    + "Content-Length: 100\r\n\r\n{\"enabled\": true}")
            socket.finish()
            #expect(try await blocking { socket.endsWithin(seconds: 15) })
        }
        #expect(fixture.fleet.changes.isEmpty)
    }

    @Test(
        "What is no HTTP, or too large a head, is answered 400 or closed, and the server lives on",
        arguments: [
            "\u{16}\u{3}\u{1}", "nonsense\r\n\r\n", "GET /api/cluster HTTP/9.9\r\n\r\n",
            "GET /" + String(repeating: "a", count: 100_000) + " HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 100_000) + "\r\n\r\n",
            "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 1_000) + "\r\n",
            "PATCH / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "PATCH / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "PATCH / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ])
    func garbage(text: String) async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.live) { client in
            let port = try #require(client.port)
            let socket = try RawConnection(port: port)
            try? socket.send(text) // The server may close in the middle of it.
            socket.finish()
            #expect(try await blocking { socket.endsWithin(seconds: 15) })
            let answer = try await client.send("GET", "/api/cluster", authorization: fixture.authorization)
            #expect(answer.status == .ok)
        }
    }
}
