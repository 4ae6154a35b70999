import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import ONTAP
import Ports
import Testing

@testable import CoordinatorAPI

@Suite("What is read of kernels, edges, accounts and events")
struct ReadingTests {
    private static let associations = "/api/security/ipsec/security-associations"

    private func json(_ response: TestResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.text.utf8)) as? [String: Any])
    }

    private func records(_ response: TestResponse) throws -> [[String: Any]] {
        try #require(try json(response)["records"] as? [[String: Any]])
    }

    @Test("The kernels' SAs are read of nodes that are heard from, page by page, and each has a path of its own")
    func kernels() async throws {
        let fixture = try ServerFixture()
        let linkHeader = try #require(HTTPField.Name("Link"))
        try await fixture.test(.router) { client in
            func get(_ target: String) async throws -> TestResponse {
                try await client.send("GET", target, authorization: fixture.authorization)
            }
            let first = try await get(Self.associations + "?max_records=4")
            #expect(try records(first).count == 4)
            let link = try #require(first.headers[linkHeader])
            #expect(link == "<\(Self.associations)?max_records=4&offset=4>; rel=\"next\"")
            let last = try await get(Self.associations + "?max_records=4&offset=8")
            #expect(try records(last).count == 2)
            #expect(last.headers[linkHeader] == nil)

            let record = try #require(try records(first).first)
            let uuid = try #require(record["uuid"] as? String)
            let own = try json(await get(Self.associations + "/" + uuid))
            #expect(own["remote_address"] as? String == record["remote_address"] as? String)
            let ipsec = try #require(own["ipsec"] as? [String: Any])
            let inbound = try #require(ipsec["inbound"] as? [String: Any])
            #expect(inbound["security_parameter_index"] as? String == "00000001")
            #expect(inbound["bytes"] as? Int == 1_000)

            let some = try await get(Self.associations + "?ipsec.inbound.security_parameter_index=0000000a")
            #expect(try records(some).count == 1)
            #expect(try records(await get(Self.associations + "?node.name=node2")).isEmpty)
            #expect(try json(await get(Self.associations + "?return_records=false"))["num_records"] as? Int == 10)
            let ordered = try records(await get(Self.associations + "?order_by=remote_address%20desc&max_records=1"))
            #expect(ordered.first?["remote_address"] as? String == "10.77.1.9")
        }
    }

    @Test("Every edge is there with both of its ends' words")
    func edges() async throws {
        let fixture = try ServerFixture()
        try await fixture.test(.router) { client in
            let all = try await client.send("GET", "/api/fleet/edges", authorization: fixture.authorization)
            let list = try records(all)
            #expect(list.map { $0["id"] as? String } == ["node1:node2", "node2:node1"])
            #expect(list.map { $0["rung"] as? String } == ["enforce", "send"])
            #expect(list.map { $0["opposite_rung"] as? String } == ["send", "enforce"])
            #expect(list.allSatisfy { $0["is_whole"] as? Bool == true && $0["sets"] as? [Int] == [3] })
            let one = try await client.send(
                "GET", "/api/fleet/edges/node2:node1", authorization: fixture.authorization)
            #expect(try json(one)["rung"] as? String == "send")
        }
    }

    @Test("A read-only account reads everything and changes nothing")
    func roles() async throws {
        let fixture = try ServerFixture()
        _ = try Accounts.add("monitor", role: .readonly, password: Array("watching all".utf8), in: fixture.directory)
        fixture.server.reload()
        let monitor = "Basic " + Data("monitor:watching all".utf8).base64EncodedString()
        try await fixture.test(.router) { client in
            for path in ["/api/security/ipsec", "/api/security/accounts", "/api/fleet/edges", "/docs/api"] {
                #expect(try await client.send("GET", path, authorization: monitor).status == .ok)
            }
            for (method, path, body) in [
                ("PATCH", "/api/security/ipsec", #"{"enabled": true}"#),
                ("POST", "/api/fleet/rollouts", #"{"kind": "rotate"}"#), ("DELETE", "/api/fleet/nodes/node1", nil),
            ] {
                let response = try await client.send(method, path, body: body, authorization: monitor)
                #expect(response.status == .forbidden)
                #expect(response.text.contains("\"code\": \"6\""))
                #expect(response.text.contains("not authorized for that command"))
            }
            #expect(fixture.fleet.requests.isEmpty)
            let accounts = try records(
                await client.send("GET", "/api/security/accounts", authorization: fixture.authorization))
            #expect(accounts.map { $0["name"] as? String } == ["admin", "monitor"])
            let roles = try records(
                await client.send("GET", "/api/security/roles?name=readonly", authorization: fixture.authorization))
            #expect(roles.count == 1)
        }
    }

    @Test("A password that is replaced counts while the server runs, and a file that cannot be read changes nothing")
    func replacedPassword() async throws {
        let fixture = try ServerFixture()
        let other = "Basic " + Data("admin:another password".utf8).base64EncodedString()
        try await fixture.test(.router) { client in
            #expect(try await client.send("GET", "/api/cluster", authorization: fixture.authorization).status == .ok)
            #expect(throws: RESTStartError.self) {
                try Accounts.add(
                    "admin", role: .readonly, password: Array("another password".utf8), in: fixture.directory)
            }
            _ = try Accounts.add("admin", role: nil, password: Array("another password".utf8), in: fixture.directory)
            fixture.server.reload()
            #expect(try await client.send("GET", "/api/cluster", authorization: other).status == .ok)
            let former = try await client.send("GET", "/api/cluster", authorization: fixture.authorization)
            #expect(former.status == .unauthorized)

            try "nonsense\n".write(toFile: fixture.directory + "/accounts", atomically: false, encoding: .utf8)
            fixture.server.reload()
            fixture.server.reload()
            #expect(try await client.send("GET", "/api/cluster", authorization: other).status == .ok)
            #expect(fixture.log.text.components(separatedBy: "the accounts stay as they are").count == 2)
        }
    }

    @Test("A rollout is told as events until it has ended")
    func stream() async throws {
        let fixture = try ServerFixture()
        try await fixture.test(.live) { client in
            let response = try await client.send(
                "GET", "/api/fleet/rollouts/1", accept: "text/event-stream", authorization: fixture.authorization)
            #expect(response.headers[.contentType] == "text/event-stream")
            #expect(response.text.hasPrefix("event: rollout\ndata: {\"id\":1,"))
            #expect(response.text.hasSuffix("}\n\n"))
            let missing = try await client.send(
                "GET", "/api/fleet/rollouts/9", accept: "text/event-stream", authorization: fixture.authorization)
            #expect(missing.status == .notFound)
        }
    }

    @Test("What the fleet's log says is an event, the newest ones")
    func events() async throws {
        let events = EventLog()
        let logger = Logger(label: "fleet") { _ in events.handler() }
        for number in 0..<EventLog.eventsMaximum + 2 {
            logger.notice("node present", metadata: ["node": "node1", "number": "\(number)"])
        }
        logger.debug("not for operators")

        #expect(events.records.count == EventLog.eventsMaximum)
        #expect(events.records.first?.id == 3)
        let last = try #require(events.records.last)
        #expect(
            last.node == "node1" && last.level == "notice" && last.details == "number=\(EventLog.eventsMaximum + 1)")
    }
}
