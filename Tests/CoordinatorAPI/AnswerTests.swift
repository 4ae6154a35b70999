import Foundation
import HTTPTypes
import HummingbirdTesting
import Ports
import Fleet
import Testing

@testable import CoordinatorAPI

@Suite("Answers")
struct AnswerTests {
    private static let version = """
        "version": {
            "full": "Testudo 0.1.0: REST interface of ONTAP 9.8.0",
            "generation": 9,
            "major": 8,
            "minor": 0
          }
        """

    /// By path: the body, byte for byte.
    private static let golden = [
        "/api/security/ipsec": """
        {
          "enabled": false,
          "replay_window": "64",
          "_links": {
            "self": {
              "href": "/api/security/ipsec"
            }
          }
        }
        """,
        "/api/v1/security/ipsec?fields=enabled&pretty=false":
            #"{"enabled":false,"_links":{"self":{"href":"/api/security/ipsec"}}}"#,
        "/api/cluster": """
        {
          "name": "testudo",
          "uuid": "6e8bc430-9c3a-11d9-9669-0800200c9a66",
          \(version),
          "_links": {
            "self": {
              "href": "/api/cluster"
            }
          }
        }
        """,
        "/api/cluster?fields=version": """
        {
          \(version),
          "_links": {
            "self": {
              "href": "/api/cluster"
            }
          }
        }
        """,
        "/api/cluster/nodes?fields=state": """
        {
          "records": [
            {
              "uuid": "\(node1)",
              "name": "node1",
              "state": "up",
              "_links": {
                "self": {
                  "href": "/api/cluster/nodes/\(node1)"
                }
              }
            },
            {
              "uuid": "\(node2)",
              "name": "node2",
              "state": "down",
              "_links": {
                "self": {
                  "href": "/api/cluster/nodes/\(node2)"
                }
              }
            }
          ],
          "num_records": 2,
          "_links": {
            "self": {
              "href": "/api/cluster/nodes?fields=state"
            }
          }
        }
        """,
        "/api/cluster/nodes/\(node2)?pretty=False": #"{"uuid":"\#(node2)","name":"node2","state":"down","#
            + #""_links":{"self":{"href":"/api/cluster/nodes/\#(node2)"}}}"#,
        "/api/fleet/rollouts?pretty=false": #"{"records":[{"id":2,"kind":"rotate","outcome":"failure","#
            + #""duration_microseconds":10050000,"drain_microseconds":0,"#
            + #""steps":[{"name":"preflight","microseconds":900}],"#
            + #""reasons":[{"node":"node2","message":"no report within 10 s"},{"message":"x"}],"#
            + #""_links":{"self":{"href":"/api/fleet/rollouts/2"}}},"#
            + #"{"id":1,"kind":"enable","outcome":"success","duration_microseconds":91000,"drain_microseconds":50000,"#
            + #""probe_microseconds":700,"steps":[{"name":"accept","microseconds":8000},{"name":"drain","microseconds":50000}],"reasons":[],"#
            + #""_links":{"self":{"href":"/api/fleet/rollouts/1"}}}],"num_records":2,"#
            + #""_links":{"self":{"href":"/api/fleet/rollouts?pretty=false"}}}"#,
        "/api/fleet/rollouts/1?fields=outcome&pretty=false":
            #"{"id":1,"outcome":"success","_links":{"self":{"href":"/api/fleet/rollouts/1"}}}"#,
        "/api/fleet/nodes?pretty=false&fields=*": #"{"records":[{"name":"node1","number":1,"state":"up","#
            + #""rung":"clear","degraded":false,"problems":[],"_links":{"self":{"href":"/api/fleet/nodes/node1"}}},"#
            + #"{"name":"node2","number":2,"state":"down","rung":"clear","degraded":false,"problems":[],"#
            + #""_links":{"self":{"href":"/api/fleet/nodes/node2"}}}],"num_records":2,"#
            + #""_links":{"self":{"href":"/api/fleet/nodes?pretty=false&fields=*"}}}"#,
        "/api/v1/fleet/nodes/node2?fields=state,number&pretty=false":
            #"{"name":"node2","number":2,"state":"down","_links":{"self":{"href":"/api/fleet/nodes/node2"}}}"#,
    ]

    private static let node1 = "84118018-db1e-8ae1-aabd-3756308f1c56"
    private static let node2 = "9618d8e2-c7b0-8ac2-8c75-0918001e2532"

    @Test("GET answers byte for byte, and HEAD the same without a body", arguments: Transport.allCases)
    func answers(transport: Transport) async throws {
        let fixture = try ServerFixture()

        try await fixture.test(transport.setup) { client in
            for (target, body) in Self.golden {
                let answer = try await client.send("GET", target, authorization: fixture.authorization)
                let head = try await client.send("HEAD", target, authorization: fixture.authorization)

                #expect(answer.status == .ok)
                #expect(answer.text == body)
                #expect(answer.headers[.contentType] == "application/hal+json")
                #expect(head.status == .ok)
                #expect(head.text == "")
                #expect(head.headers[.contentLength] == "\(body.utf8.count)")
            }
        }
        #expect(fixture.fleet.changes.isEmpty)
    }

    @Test("application/json turns links off and names the type of the answer", arguments: Transport.allCases)
    func withoutLinks(transport: Transport) async throws {
        let fixture = try ServerFixture()

        try await fixture.test(transport.setup) { client in
            let answer = try await client.send(
                "GET", "/api/security/ipsec", accept: "application/json", authorization: fixture.authorization)
            #expect(answer.text == "{\n  \"enabled\": false,\n  \"replay_window\": \"64\"\n}")
            #expect(answer.headers[.contentType] == "application/json")
            let refusal = try await client.send(
                "GET", "/api/x", accept: "application/json", authorization: fixture.authorization)
            #expect(refusal.headers[.contentType] == "application/json")
        }
    }

    @Test("Requests as Python's library and Ansible's modules send them are taken", arguments: Transport.allCases)
    func realClients(transport: Transport) async throws {
        let fixture = try ServerFixture()
        let reads = [
            "/api/security/ipsec?fields=%2A",
            "/api/security/ipsec?max_records=10&return_records=true&return_timeout=15"
                + "&order_by=enabled%20desc&fields=enabled",
            "/api/security/ipsec?max_records=1024&fields=", "/api/cluster?fields=version",
            "/api/cluster?return_records=true&fields=*",
            "/api/cluster?ignore_unknown_fields=true&fields=version,statistics",
            "/api/cluster/nodes?fields=name",
        ]

        try await fixture.test(transport.setup) { client in
            for target in reads {
                let answer = try await client.send("GET", target, accept: "*/*", authorization: fixture.authorization)
                #expect(answer.status == .ok, "\(target)")
                #expect(answer.text.hasPrefix("{"))
            }
            let changes = [
                ("/api/security/ipsec", #"{"enabled": true}"#),
                ("/api/security/ipsec?return_timeout=30", #"{"enabled": false, "replay_window": "0"}"#),
                ("/api/security/ipsec", #"{"replay_window": 1024}"#),
                ("/api/security/ipsec?return_timeout=30", #"{"enabled":true}"#),
                ("/api/v1/security/ipsec?return_records=false", #"{"enabled":true,"_links":{"self":{"href":"x"}}}"#),
                (
                    "/api/security/ipsec?return_timeout=0&return_records=True",
                    #"{"_links.self.href":"x","enabled":false}"#
                ),
                ("/api/security/ipsec", "{}"), ("/api/security/ipsec", #" {"_links": {}} "#),
            ]
            for (target, body) in changes {
                let answer = try await client.send("PATCH", target, body: body, authorization: fixture.authorization)
                #expect(answer.status == .ok, "\(target) \(body)")
                #expect(answer.text == "{}")
            }
        }
        #expect(
            fixture.fleet.requests == [
                .configure(enabled: true, replayWindow: nil), .configure(enabled: false, replayWindow: 0),
                .configure(enabled: nil, replayWindow: 1_024), .configure(enabled: true, replayWindow: nil),
                .configure(enabled: true, replayWindow: nil), .configure(enabled: false, replayWindow: nil),
            ])
        #expect(fixture.fleet.changes.allSatisfy { $0.user == "admin" })
    }

    @Test("What PATCH did shows in the next GET")
    func changeShows() async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.router) { client in
            _ = try await client.send(
                "PATCH", "/api/security/ipsec", body: #"{"replay_window":512,"enabled":true}"#,
                authorization: fixture.authorization)
            let answer = try await client.send(
                "GET", "/api/security/ipsec?pretty=false", accept: "application/json",
                authorization: fixture.authorization)
            #expect(answer.text == #"{"enabled":true,"replay_window":"512"}"#)
        }
    }

    @Test("OPTIONS names the methods of every path", arguments: Transport.allCases)
    func options(transport: Transport) async throws {
        let fixture = try ServerFixture()

        try await fixture.test(transport.setup) { client in
            for (target, methods) in [
                ("/api/security/ipsec", "GET, HEAD, OPTIONS, PATCH"), ("/api/cluster", "GET, HEAD, OPTIONS"),
                ("/api/v1/cluster/nodes/\(Self.node1)", "GET, HEAD, OPTIONS"),
                ("/api/fleet/rollouts", "GET, HEAD, OPTIONS, POST"), ("/api/fleet/rollouts/1", "GET, HEAD, OPTIONS"),
                ("/api/fleet/nodes", "GET, HEAD, OPTIONS"), ("/api/fleet/nodes/x", "GET, HEAD, OPTIONS, DELETE"),
            ] {
                let answer = try await client.send("OPTIONS", target, authorization: fixture.authorization)
                #expect(answer.status == .ok)
                #expect(answer.text == "{}")
                #expect(answer.headers[.allow] == methods)
            }
        }
    }

    @Test(
        "A failed rollout answers with its code, its words and one argument for each reason",
        arguments: [
            (.unsupported, "66257199", "IPsec is not supported in the current cluster version."),
            (.enableFailed, "66256898", "Internal error. Failed to enable IPsec."),
            (.disableFailed, "66256899", "Internal error. Failed to disable IPsec."),
        ] as [(RolloutFailure.Cause, String, String)],
        [
            ("PATCH", "/api/security/ipsec", #"{"enabled":true}"#),
            ("POST", "/api/fleet/rollouts", #"{"kind":"rotate"}"#), ("DELETE", "/api/fleet/nodes/node1", nil),
        ] as [(String, String, String?)])
    func failures(
        failure: (cause: RolloutFailure.Cause, code: String, message: String),
        request: (method: String, target: String, body: String?)
    ) async throws {
        let reasons: [RolloutFailure.Reason] = [
            .init(node: NodeName("node2"), message: "out policy to node1 \"exists\""),
            .init(node: nil, message: "no node is enrolled"),
        ]
        let fixture = try ServerFixture(
            fleet: FakeFleet(failure: RolloutFailure(cause: failure.cause, reasons: reasons)))

        try await fixture.test(.router) { client in
            let answer = try await client.send(
                request.method, request.target, body: request.body, authorization: fixture.authorization)
            #expect(answer.status == .internalServerError)
            #expect(answer.headers[.location] == nil)
            #expect(
                answer.text == """
                    {
                      "error": {
                        "message": "\(failure.message)",
                        "code": "\(failure.code)",
                        "arguments": [
                          {
                            "code": "\(failure.code)",
                            "message": "node2: out policy to node1 \\"exists\\""
                          },
                          {
                            "code": "\(failure.code)",
                            "message": "no node is enrolled"
                          }
                        ]
                      }
                    }
                    """)
        }
    }

    @Test("A node keeps its UUID, and no two nodes or fleets share one")
    func nodeIdentities() {
        let first = NodeStatus.uuid(of: 1, fleet: FakeFleet.uuid)

        #expect(first == Self.node1)
        #expect(first == NodeStatus.uuid(of: 1, fleet: FakeFleet.uuid.uppercased()))
        #expect(first != NodeStatus.uuid(of: 2, fleet: FakeFleet.uuid))
        #expect(first != NodeStatus.uuid(of: 1, fleet: "other"))
        #expect(UUID(uuidString: first) != nil)
    }
}
