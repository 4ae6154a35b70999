import Fleet
import HTTPTypes
import HummingbirdTesting
import ONTAP
import Ports
import Testing

@testable import CoordinatorAPI

@Suite("Rollouts and nodes")
struct FleetResourceTests {
    private static let rollouts = "/api/fleet/rollouts"

    @Test("POST starts a rollout, answers with its record, and says where it is", arguments: Transport.allCases)
    func starts(transport: Transport) async throws {
        let fixture = try ServerFixture()

        try await fixture.test(transport.setup) { client in
            let answer = try await client.send(
                "POST", Self.rollouts + "?pretty=false&return_timeout=0", body: #"{"kind": "prepare"}"#,
                authorization: fixture.authorization)
            #expect(answer.status == .created)
            #expect(answer.headers[.location] == "/api/fleet/rollouts/3")
            #expect(
                answer.text == #"{"id":3,"kind":"prepare","outcome":"success","duration_microseconds":5,"#
                    + #""drain_microseconds":0,"steps":[],"reasons":[],"#
                    + #""_links":{"self":{"href":"/api/fleet/rollouts/3"}}}"#)
            let location = try #require(answer.headers[.location])
            let again = try await client.send(
                "GET", location + "?pretty=false", authorization: fixture.authorization)
            #expect(again.text == answer.text)

            let bare = try await client.send(
                "POST", "/api/v1/fleet/rollouts?return_records=false",
                body: #"{"kind": "rotate", "absent": "proceed"}"#,
                accept: "application/json", authorization: fixture.authorization)
            #expect(bare.status == .created)
            #expect(bare.headers[.location] == "/api/fleet/rollouts/4")
            #expect(bare.headers[.contentType] == "application/json")
            #expect(bare.text == "{}")
        }
        #expect(fixture.fleet.requests == [.rollout(.prepare, absent: nil), .rollout(.rotate, absent: .proceed)])
        #expect(fixture.fleet.changes.allSatisfy { $0.user == "admin" })
    }

    @Test("A POST that has nothing to do is answered 200, and every kind arrives as what it says")
    func kinds() async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.router) { client in
            for (kind, status) in [
                ("disable", HTTPResponse.Status.ok), ("enable", .created), ("enable", .ok), ("prepare", .created),
                ("rotate", .created), ("disable", .created),
            ] {
                let answer = try await client.send(
                    "POST", Self.rollouts, body: #"{"absent": "refuse", "kind": "\#(kind)"}"#,
                    authorization: fixture.authorization)
                #expect(answer.status == status, "\(kind)")
                #expect((answer.text == "{}") == (status == .ok), "\(kind)")
                #expect((answer.headers[.location] == nil) == (status == .ok), "\(kind)")
            }
        }
        #expect(
            fixture.fleet.requests
                == [.disable, .enable, .enable, .prepare, .rotate, .disable].map { .rollout($0, absent: .refuse) })
    }

    @Test("A rollout under way shows as running, by itself and in the list")
    func running() async throws {
        let fleet = FakeFleet(rollouts: [
            RolloutRecord(
                id: 9, kind: .converge, outcome: .running, microseconds: 0, drainMicroseconds: 0,
                steps: [.init(name: "offers", microseconds: 12)], reasons: [])
        ])
        let fixture = try ServerFixture(fleet: fleet)

        try await fixture.test(.router) { client in
            let record =
                #"{"id":9,"kind":"converge","outcome":"running","duration_microseconds":0,"drain_microseconds":0,"#
                + #""steps":[{"name":"offers","microseconds":12}],"reasons":[]}"#
            let one = try await client.send(
                "GET", Self.rollouts + "/9?pretty=false", accept: "application/json",
                authorization: fixture.authorization)
            #expect(one.text == record)
            let list = try await client.send(
                "GET", Self.rollouts + "?pretty=false&order_by=kind", accept: "application/json",
                authorization: fixture.authorization)
            #expect(list.text == #"{"records":[\#(record)],"num_records":1}"#)
        }
    }

    @Test("A node shows its rung, its problems and how long it took to join")
    func nodes() async throws {
        let name = try #require(NodeName("db.rack-7"))
        let gone = try #require(NodeName("gone"))
        let fleet = FakeFleet(nodes: [
            NodeStatus(
                name: name, number: 262_143, isPresent: true, rung: .enforce,
                problems: ["drift: \"peer\" is gone", "x"], joinMicroseconds: 1_234),
            NodeStatus(name: gone, number: 2, isPresent: true, isQuarantined: true, rung: nil, problems: []),
        ])
        let fixture = try ServerFixture(fleet: fleet)

        try await fixture.test(.router) { client in
            let answer = try await client.send(
                "GET", "/api/fleet/nodes?pretty=false", authorization: fixture.authorization)
            #expect(
                answer.text == #"{"records":[{"name":"db.rack-7","number":262143,"state":"up","rung":"enforce","#
                    + #""degraded":true,"problems":["drift: \"peer\" is gone","x"],"join_microseconds":1234,"#
                    + #""_links":{"self":{"href":"/api/fleet/nodes/db.rack-7"}}},"#
                    + #"{"name":"gone","number":2,"state":"quarantined","degraded":false,"problems":[],"#
                    + #""_links":{"self":{"href":"/api/fleet/nodes/gone"}}}],"num_records":2,"#
                    + #""_links":{"self":{"href":"/api/fleet/nodes?pretty=false"}}}"#)
            let cluster = try await client.send(
                "GET", "/api/cluster/nodes?fields=name&pretty=false", authorization: fixture.authorization)
            #expect(cluster.text.contains("db.rack-7"))
            #expect(!cluster.text.contains("gone"), "to ONTAP's clients it is no node any more")
        }
    }

    @Test("DELETE takes a node out, release frees a quarantined one, and names that no node has are unknown")
    func removal() async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.router) { client in
            for (target, status) in [
                ("node1", 200), ("node1", 404), ("node1?release=true", 404), ("node2?release=True", 404),
                ("node2?release=false&return_timeout=30", 200), ("node2?release=true", 200), ("node2", 404),
            ] {
                let answer = try await client.send(
                    "DELETE", "/api/fleet/nodes/\(target)", authorization: fixture.authorization)
                #expect(answer.status.code == status, "\(target)")
                if status == 200 {
                    #expect(answer.text == "{}", "\(target)")
                } else {
                    #expect(answer.text.contains(#""message": "entry doesn't exist""#), "\(target)")
                    #expect(answer.text.contains(#""code": "4""#), "\(target)")
                }
            }
        }
        #expect(
            try fixture.fleet.requests
                == [
                    .remove(name(1)), .remove(name(1)), .release(name(1)), .release(name(2)), .remove(name(2)),
                    .release(name(2)), .remove(name(2)),
                ])
    }

    @Test("A rollout that is shown no more is answered with its number")
    func forgotten() throws {
        var status = FakeFleet().status()
        status.rollouts = []

        #expect(status.rollout(41) == ["id": 41])
    }

    @Test("The log tells of every change")
    func logs() async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.router) { client in
            _ = try await client.send(
                "POST", Self.rollouts, body: #"{"kind": "rotate"}"#, authorization: fixture.authorization)
            _ = try await client.send("DELETE", "/api/fleet/nodes/node2", authorization: fixture.authorization)
        }

        let lines = fixture.log.text.split(separator: "\n").filter { $0.hasPrefix("info request") }
        #expect(lines.contains { $0.contains("method=POST") && $0.contains("path=/api/fleet/rollouts ") })
        #expect(lines.contains { $0.contains("method=DELETE") && $0.contains("path=/api/fleet/nodes/node2 ") })
    }

    private func name(_ number: Int) throws -> NodeName { try #require(NodeName("node\(number)")) }
}
