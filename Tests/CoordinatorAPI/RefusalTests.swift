import HTTPTypes
import HummingbirdTesting
import ONTAP
import Testing

@testable import CoordinatorAPI

/// One request that must be refused, and how.
struct Refusal: Sendable {
    var method: String
    var target: String
    var body: String?
    var status: Int
    var code: String
    var fault: String?

    init(_ method: String, _ target: String, _ status: Int, _ code: String, _ fault: String? = nil) {
        self.init(method, target, nil, status, code, fault)
    }

    init(
        _ method: String, _ target: String, _ body: String?, _ status: Int, _ code: String, _ fault: String? = nil
    ) {
        self.method = method
        self.target = target
        self.body = body
        self.status = status
        self.code = code
        self.fault = fault
    }
}

@Suite("Refusals")
struct RefusalTests {
    private static let ipsec = "/api/security/ipsec"
    private static let yes = #"{"enabled": true}"#
    private static let fleetRollouts = "/api/fleet/rollouts"
    private static let rotate = #"{"kind": "rotate"}"#
    private static let fleetNodes = "/api/fleet/nodes"
    private static let node = "/api/fleet/nodes/node1"

    private static let paths: [Refusal] = [
        .init("GET", "/", 404, "3"), .init("GET", "/api", 404, "3"), .init("GET", "/api/", 404, "3"),
        .init("GET", "/api/v1", 404, "3"), .init("GET", "/api/v2/cluster", 404, "3"),
        .init("GET", "/api/v1/v1/cluster", 404, "3"), .init("GET", "/security/ipsec", 404, "3"),
        .init("GET", "/api/security", 404, "3"), .init("GET", "/api/security/ipsec/policies", 404, "3"),
        .init("GET", "/api/security/ipsec/ca-certificates", 404, "3"),
        .init("GET", "/api/security/ipsec/security-associations/a/b", 404, "3"),
        .init("GET", "/api/security/ipsec/security-associations/none", 404, "4"),
        .init("GET", "/api/security/accounts/nobody", 404, "4"), .init("GET", "/api/security/roles/none", 404, "4"),
        .init("GET", "/api/security/certificates", 404, "3"), .init("GET", "/api/fleet/edges/node1", 404, "4"),
        .init("GET", "/api/fleet/edges/node1:node1", 404, "4"), .init("GET", "/api/fleet/events/0", 404, "4"),
        .init("GET", "/docs/api/nothing", 404, "3"), .init("GET", "/docs", 404, "3"),
        .init("POST", "/docs/api", "{}", 405, "3"), .init("PATCH", "/docs/api/openapi.yaml", "{}", 405, "3"),
        .init("GET", "/api/security/ipsec//", 404, "3"), .init("GET", "//api/cluster", 404, "3"),
        .init("GET", "/API/cluster", 404, "3"), .init("GET", "/api/cluster/../security/ipsec", 404, "3"),
        .init("GET", "/api/security%2Fipsec", 404, "3"), .init("GET", "/api/cluster%", 404, "3"),
        .init("GET", "/api/cluster/jobs/1", 404, "4"), .init("GET", "/api/cluster/nodes/a/b", 404, "3"),
        .init("PATCH", "/api/cluster/jobs/1", #"{"action": "cancel"}"#, 405, "3"),
        .init("GET", "/api/private/cli/security/ipsec/config", 404, "3"),
        .init("DELETE", "/api/x", 404, "3"), .init("PATCH", "/api/x", yes, 404, "3"),
        .init("GET", "/api/cluster/nodes/no-such-node", 404, "4"), .init("GET", "/api/fleet/rollouts/99", 404, "4"),
        .init("GET", "/api/cluster?fields=" + String(repeating: "a", count: 4_100), 414, "7"),
    ]

    private static let methods: [Refusal] = [
        .init("POST", ipsec, yes, 405, "3"), .init("PUT", ipsec, yes, 405, "3"), .init("DELETE", ipsec, 405, "3"),
        .init("TRACE", ipsec, 405, "3"), .init("MOVE", ipsec, 405, "3"),
        .init("PATCH", "/api/cluster", yes, 405, "3"), .init("POST", "/api/cluster/nodes", "{}", 405, "3"),
        .init("DELETE", "/api/fleet/rollouts/1", 405, "3"),
    ]

    private static let queries: [Refusal] = [
        .init("GET", ipsec + "?nonsense=1", 400, "262179", "nonsense"),
        .init("GET", ipsec + "?offset=one", 400, "262197", "offset"),
        .init("GET", ipsec + "?%24orderBy=nonsense", 400, "262268", "order_by"),
        .init("GET", ipsec + "?order_by=enabled&%24orderBy=enabled", 400, "262188", "$orderBy"),
        .init("GET", ipsec + "?continue_on_failure=true", 400, "262179", "continue_on_failure"),
        .init("PATCH", ipsec + "?continue_on_failure=maybe", yes, 400, "262197", "continue_on_failure"),
        .init("PATCH", ipsec + "?serial_records=1", yes, 400, "262197", "serial_records"),
        .init("PATCH", ipsec + "?offset=0", yes, 400, "262179", "offset"),
        .init("PATCH", ipsec + "?order_by=enabled", yes, 400, "262179", "order_by"),
        .init("GET", ipsec + "?enabled=!!true", 400, "262197", "enabled"),
        .init("GET", ipsec + "?enabled=%3Eyes", 400, "262197", "enabled"),
        .init("GET", ipsec + "?replay_window=1%7Cx", 400, "262197", "replay_window"),
        .init("GET", ipsec + "?replay_window=%22%22", 400, "262197", "replay_window"),
        .init("GET", ipsec + "?_links=x", 400, "262250", "_links"),
        .init("GET", ipsec + "?enabled=true", 404, "4"), .init("GET", ipsec + "?enabled=1", 400, "262197", "enabled"),
        .init("GET", "/api/cluster?version.major=9", 404, "4"),
        .init("GET", "/api/cluster?version.major=nine", 400, "262197", "version.major"),
        .init("GET", "/api/cluster?version=9", 400, "262250", "version"),
        .init("GET", ipsec + "?replay_window=63..x", 400, "262197", "replay_window"),
        .init("GET", ipsec + "?fields=offload_enabled", 400, "262197", "fields"),
        .init("GET", ipsec + "?fields=enabled,nonsense", 400, "262197", "fields"),
        .init("GET", ipsec + "?fields=enabled.x", 400, "262197", "fields"),
        .init("GET", "/api/cluster?fields=version.", 400, "262197", "fields"),
        .init("GET", "/api/cluster?fields=name&fields=x", 400, "262197", "fields"),
        .init("GET", "/api/cluster?fields=x&ignore_unknown_fields=false", 400, "262197", "fields"),
        .init("GET", "/api/cluster?fields=version%7Bmajor%7D", 400, "262286", "fields"),
        .init("GET", ipsec + "?max_records=ten", 400, "262197", "max_records"),
        .init("GET", ipsec + "?max_records=", 400, "262197", "max_records"),
        .init("GET", ipsec + "?max_records=-1", 400, "262197", "max_records"),
        .init("GET", ipsec + "?max_records=0", 400, "262197", "max_records"),
        .init("GET", ipsec + "?max_records=99999999999999999999", 400, "262197", "max_records"),
        .init("GET", ipsec + "?return_records=yes", 400, "262197", "return_records"),
        .init("GET", ipsec + "?return_records=TRUE", 400, "262197", "return_records"),
        .init("GET", ipsec + "?return_timeout=121", 400, "262197", "return_timeout"),
        .init("GET", ipsec + "?return_timeout=1.5", 400, "262197", "return_timeout"),
        .init("GET", ipsec + "?pretty=1", 400, "262197", "pretty"),
        .init("GET", ipsec + "?ignore_unknown_fields=", 400, "262197", "ignore_unknown_fields"),
        .init("GET", ipsec + "?order_by=nonsense", 400, "262268", "order_by"),
        .init("GET", ipsec + "?order_by=_links", 400, "262268", "order_by"),
        .init("GET", ipsec + "?order_by=enabled%20up", 400, "262197", "order_by"),
        .init("GET", ipsec + "?order_by=", 400, "262197", "order_by"),
        .init("GET", "/api/cluster/nodes?offset=-1", 400, "262197", "offset"),
        .init("GET", ipsec + "?pretty=true&pretty=true", 400, "262188", "pretty"),
        .init("GET", ipsec + "?pretty", 400, "262248", "pretty"),
        .init("GET", ipsec + "?a=%zz", 400, "262197", "query"),
        .init("PATCH", ipsec + "?return_timeout=-1", yes, 400, "262197", "return_timeout"),
        .init("PATCH", ipsec + "?return_timeout=soon", yes, 400, "262197", "return_timeout"),
        .init("PATCH", ipsec + "?return_records=1", yes, 400, "262197", "return_records"),
        .init("PATCH", ipsec + "?fields=enabled", yes, 400, "262179", "fields"),
        .init("PATCH", ipsec + "?max_records=1", yes, 400, "262179", "max_records"),
        .init("PATCH", ipsec + "?nonsense=", yes, 400, "262179", "nonsense"),
        .init("PATCH", ipsec + "?enabled=false", yes, 400, "262250", "enabled"),
    ]

    private static let bodies: [Refusal] = [
        .init("PATCH", ipsec, nil, 400, "262199"), .init("PATCH", ipsec, "{", 400, "262199"),
        .init("PATCH", ipsec, "enabled=true", 400, "262199"), .init("PATCH", ipsec, yes + "x", 400, "262199"),
        .init("PATCH", ipsec, yes + yes, 400, "262199"), .init("PATCH", ipsec, "\u{feff}" + yes, 400, "262199"),
        .init("PATCH", ipsec, #"{"enabled": True}"#, 400, "262199"),
        .init("PATCH", ipsec, #"{"enabled": 99999999999999999999}"#, 400, "262200"),
        .init("PATCH", ipsec, String(repeating: "[", count: 500_000), 400, "262200"),
        .init("PATCH", ipsec, #"{"enabled": "\ud800"}"#, 400, "262201"),
        .init("PATCH", ipsec, "[]", 400, "262201"), .init("PATCH", ipsec, "true", 400, "262201"),
        .init("PATCH", ipsec, "null", 400, "262201"),
        .init("PATCH", ipsec, #"{"enabled": true, "enabled": false}"#, 400, "262188", "enabled"),
        .init("PATCH", ipsec, #"{"enabled": "true"}"#, 400, "262185", "enabled"),
        .init("PATCH", ipsec, #"{"enabled": 1}"#, 400, "262185", "enabled"),
        .init("PATCH", ipsec, #"{"enabled": null}"#, 400, "262185", "enabled"),
        .init("PATCH", ipsec, #"{"enabled": [true]}"#, 400, "262185", "enabled"),
        .init("PATCH", ipsec, #"{"enabled": {}}"#, 400, "262185", "enabled"),
        .init("PATCH", ipsec, #"{"enabled": true, "replay_window": 63}"#, 400, "262185", "replay_window"),
        .init("PATCH", ipsec, #"{"replay_window": "1K"}"#, 400, "262185", "replay_window"),
        .init("PATCH", ipsec, #"{"replay_window": null}"#, 400, "262185", "replay_window"),
        .init("PATCH", ipsec, #"{"replay_window": 64, "enabled": "yes"}"#, 400, "262185", "enabled"),
        .init("PATCH", ipsec, #"{"replay_window": 64, "replay_window": 0}"#, 400, "262188", "replay_window"),
        .init("PATCH", ipsec, #"{"replay_window": 64, "offload_enabled": true}"#, 400, "262179", "offload_enabled"),
        .init("PATCH", ipsec, #"{"Enabled": true}"#, 400, "262179", "Enabled"),
        .init("PATCH", ipsec, #"{"enabled": true, "metric": 1}"#, 400, "262179", "metric"),
        .init("PATCH", ipsec, #"{"": true}"#, 400, "262179", ""),
        .init("PATCH", ipsec, "{" + String(repeating: " ", count: 1_048_576) + "}", 413, "7"),
        .init("GET", ipsec, "{}", 400, "262198"), .init("HEAD", ipsec, "{}", 400, "262198"),
        .init("GET", "/api/cluster", yes, 400, "262198"),
    ]

    private static let rollouts: [Refusal] = [
        .init("GET", "/api/fleet", 404, "3"), .init("POST", "/api/fleet", rotate, 404, "3"),
        .init("GET", fleetRollouts + "/1/steps", 404, "3"), .init("HEAD", fleetRollouts + "/99", 404, "4"),
        .init("GET", fleetRollouts + "/01", 404, "4"), .init("GET", fleetRollouts + "/-1", 404, "4"),
        .init("POST", fleetRollouts + "/1", rotate, 405, "3"), .init("PATCH", fleetRollouts, rotate, 405, "3"),
        .init("PUT", fleetRollouts, rotate, 405, "3"), .init("DELETE", fleetRollouts, 405, "3"),
        .init("PATCH", fleetRollouts + "/1", "{}", 405, "3"),
        .init("GET", fleetRollouts + "?steps=drain", 400, "262250", "steps"),
        .init("GET", fleetRollouts + "?target=true", 400, "262179", "target"),
        .init("GET", fleetRollouts + "?fields=target", 400, "262197", "fields"),
        .init("GET", fleetRollouts + "?order_by=steps", 400, "262268", "order_by"),
        .init("GET", fleetRollouts + "?release=true", 400, "262179", "release"),
        .init("POST", fleetRollouts + "?release=true", rotate, 400, "262179", "release"),
        .init("POST", fleetRollouts + "?fields=id", rotate, 400, "262179", "fields"),
        .init("POST", fleetRollouts + "?kind=rotate", rotate, 400, "262250", "kind"),
        .init("POST", fleetRollouts + "?return_timeout=121", rotate, 400, "262197", "return_timeout"),
        .init("POST", fleetRollouts + "?pretty=true&pretty=true", rotate, 400, "262188", "pretty"),
        .init("POST", fleetRollouts, nil, 400, "262199"), .init("POST", fleetRollouts, "kind=rotate", 400, "262199"),
        .init("POST", fleetRollouts, rotate + rotate, 400, "262199"),
        .init("POST", fleetRollouts, "[\(rotate)]", 400, "262201"),
        .init("POST", fleetRollouts, #""rotate""#, 400, "262201"),
        .init("POST", fleetRollouts, "{}", 400, "262212", "kind"),
        .init("POST", fleetRollouts, #"{"absent": "proceed"}"#, 400, "262212", "kind"),
        .init("POST", fleetRollouts, #"{"kind": ""}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": "Enable"}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": "converge"}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": "leave"}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": true}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": null}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": ["rotate"]}"#, 400, "262185", "kind"),
        .init("POST", fleetRollouts, #"{"kind": "rotate", "kind": "rotate"}"#, 400, "262188", "kind"),
        .init("POST", fleetRollouts, #"{"kind": "rotate", "absent": "ignore"}"#, 400, "262185", "absent"),
        .init("POST", fleetRollouts, #"{"kind": "rotate", "absent": false}"#, 400, "262185", "absent"),
        .init("POST", fleetRollouts, #"{"kind": "rotate", "absent": null}"#, 400, "262185", "absent"),
        .init("POST", fleetRollouts, #"{"kind": "rotate", "id": 7}"#, 400, "262179", "id"),
        .init("POST", fleetRollouts, #"{"kind": "rotate", "target": true}"#, 400, "262179", "target"),
    ]

    private static let nodes: [Refusal] = [
        .init("GET", node + "/edges", 404, "3"), .init("DELETE", node + "/edges", 404, "3"),
        .init("GET", fleetNodes + "/node9", 404, "4"), .init("GET", fleetNodes + "/Node1", 404, "4"),
        .init("GET", fleetNodes + "/1", 404, "4"), .init("GET", fleetNodes + "/node1%2F", 404, "4"),
        // No name of a node, so the fleet is not even asked.
        .init("DELETE", fleetNodes + "/Node1", 404, "4"), .init("DELETE", fleetNodes + "/..", 404, "4"),
        .init("DELETE", fleetNodes + "/-", 404, "4"), .init("DELETE", fleetNodes + "/a%2Fb", 404, "4"),
        .init("DELETE", fleetNodes + "/a%00?release=true", 404, "4"), .init("DELETE", fleetNodes + "//", 404, "3"),
        .init("DELETE", fleetNodes, 405, "3"), .init("DELETE", fleetNodes + "/", 405, "3"),
        .init("POST", fleetNodes, "{}", 405, "3"), .init("PATCH", fleetNodes, "{}", 405, "3"),
        .init("PATCH", node, "{}", 405, "3"), .init("POST", node, "{}", 405, "3"), .init("PUT", node, "{}", 405, "3"),
        .init("DELETE", "/api/cluster/nodes/84118018-db1e-8ae1-aabd-3756308f1c56", 405, "3"),
        .init("GET", fleetNodes + "?degraded=maybe", 400, "262197", "degraded"),
        .init("GET", fleetNodes + "?uuid=1", 400, "262179", "uuid"),
        .init("GET", fleetNodes + "?fields=uuid", 400, "262197", "fields"),
        .init("GET", fleetNodes + "?order_by=problems", 400, "262268", "order_by"),
        .init("GET", node + "?release=true", 400, "262179", "release"),
        .init("GET", node + "?offset=-1", 400, "262197", "offset"),
        .init("DELETE", node + "?release", 400, "262248", "release"),
        .init("DELETE", node + "?release=", 400, "262197", "release"),
        .init("DELETE", node + "?release=1", 400, "262197", "release"),
        .init("DELETE", node + "?release=TRUE", 400, "262197", "release"),
        .init("DELETE", node + "?release=true&release=true", 400, "262188", "release"),
        .init("DELETE", node + "?Release=true", 400, "262179", "Release"),
        .init("DELETE", node + "?relaese=true", 400, "262179", "relaese"),
        .init("DELETE", node + "?fields=name", 400, "262179", "fields"),
        .init("DELETE", node + "?state=down", 400, "262250", "state"),
        .init("DELETE", node + "?return_timeout=soon", 400, "262197", "return_timeout"),
        .init("DELETE", node, "{}", 400, "262198"), .init("DELETE", node, " ", 400, "262198"),
        .init("HEAD", node, "{}", 400, "262198"),
        .init("PATCH", ipsec + "?release=true", yes, 400, "262179", "release"),
    ]

    private static let associations = "/api/security/ipsec/security-associations"
    private static let alternatives = Array(repeating: "a", count: 65).joined(separator: "%7C")

    /// What is only read.
    private static let readOnly: [Refusal] = [
        .init("POST", associations, "{}", 405, "3"), .init("DELETE", associations, 405, "3"),
        .init("PATCH", associations + "/a", "{}", 405, "3"), .init("DELETE", associations + "/a", 405, "3"),
        .init("GET", associations + "?ipsec.inbound=1", 400, "262250", "ipsec.inbound"),
        .init("GET", associations + "?ipsec.inbound.bytes=many", 400, "262197", "ipsec.inbound.bytes"),
        .init("GET", associations + "?node=node1", 400, "262250", "node"),
        .init("GET", associations + "?svm.name=x", 400, "262179", "svm.name"),
        .init("GET", associations + "?fields=lifetime", 400, "262197", "fields"),
        .init("GET", associations + "?fields=ipsec.inbound.keys", 400, "262197", "fields"),
        .init("GET", associations + "?order_by=ipsec", 400, "262268", "order_by"),
        .init("GET", associations + "?max_records=10001", 400, "262197", "max_records"),
        .init("GET", associations + "?uuid=\(alternatives)", 400, "262197", "uuid"),
        .init("GET", associations, "{}", 400, "262198"),
        .init("POST", "/api/security/accounts", #"{"name": "eve"}"#, 405, "3"),
        .init("PATCH", "/api/security/accounts/admin", #"{"locked": true}"#, 405, "3"),
        .init("DELETE", "/api/security/accounts/admin", 405, "3"),
        .init("GET", "/api/security/accounts?password=x", 400, "262179", "password"),
        .init("GET", "/api/security/accounts?fields=password", 400, "262197", "fields"),
        .init("GET", "/api/security/accounts?locked=maybe", 400, "262197", "locked"),
        .init("POST", "/api/security/roles", "{}", 405, "3"), .init("DELETE", "/api/security/roles/readonly", 405, "3"),
        .init("GET", "/api/security/roles?privileges=all", 400, "262250", "privileges"),
        .init("POST", "/api/fleet/edges", "{}", 405, "3"), .init("DELETE", "/api/fleet/edges/a:b", 405, "3"),
        .init("GET", "/api/fleet/edges?sets=1", 400, "262250", "sets"),
        .init("GET", "/api/fleet/edges?is_whole=1", 400, "262197", "is_whole"),
        .init("GET", "/api/fleet/edges?order_by=sets", 400, "262268", "order_by"),
        .init("GET", "/api/fleet/edges?fields=keys", 400, "262197", "fields"),
        .init("POST", "/api/fleet/events", "{}", 405, "3"), .init("DELETE", "/api/fleet/events", 405, "3"),
        .init("DELETE", "/api/fleet/events/1", 405, "3"),
        .init("GET", "/api/fleet/events?id=first", 400, "262197", "id"),
        .init("GET", "/api/fleet/events?since=1", 400, "262179", "since"),
        .init("GET", "/api/cluster/jobs?code=none", 400, "262197", "code"),
        .init("GET", "/api/cluster/jobs?error=1", 400, "262250", "error"),
        .init("GET", "/api/cluster/jobs?state=\(alternatives)", 400, "262197", "state"),
        .init("DELETE", "/api/cluster/jobs/1", 405, "3"), .init("POST", "/api/cluster/jobs", "{}", 405, "3"),
    ]

    private static var all: [Refusal] { paths + methods + queries + bodies + rollouts + nodes + readOnly }

    @Test(
        "Every bad request is refused with ONTAP's status, code and target, and changes nothing",
        arguments: Transport.allCases)
    func table(transport: Transport) async throws {
        #expect(Self.all.count >= 200)
        let fixture = try ServerFixture()

        try await fixture.test(transport.setup) { client in
            for refusal in Self.all {
                let answer = try await client.send(
                    refusal.method, refusal.target, body: refusal.body, authorization: fixture.authorization)
                let what = "\(refusal.method) \(refusal.target.prefix(80)) \(refusal.body?.prefix(40) ?? "")"

                #expect(answer.status.code == refusal.status, "\(what)")
                // An answer to HEAD has no body to look at.
                if refusal.method == "HEAD" { continue }
                let error = try JSONParser.parse(Array(answer.text.utf8))["error"]
                #expect(error?["code"] == .string(refusal.code), "\(what)")
                #expect(error?["target"] == refusal.fault.map(JSONValue.string), "\(what)")
                #expect(error?["message"] != nil, "\(what)")
                #expect(answer.text.hasPrefix("{\n  \"error\": {"), "\(what)")
            }
        }
        #expect(fixture.fleet.changes.isEmpty)
    }

    @Test("A wrong method is told the right ones")
    func allowed() async throws {
        let fixture = try ServerFixture()

        try await fixture.test(.router) { client in
            for (method, target, allowed) in [
                ("DELETE", Self.ipsec, "GET, HEAD, OPTIONS, PATCH"),
                ("PATCH", Self.fleetRollouts, "GET, HEAD, OPTIONS, POST"),
                ("POST", Self.fleetRollouts + "/1", "GET, HEAD, OPTIONS"),
                ("DELETE", Self.fleetNodes, "GET, HEAD, OPTIONS"), ("PUT", Self.node, "GET, HEAD, OPTIONS, DELETE"),
            ] {
                let answer = try await client.send(method, target, authorization: fixture.authorization)
                #expect(answer.status == .methodNotAllowed)
                #expect(answer.headers[.allow] == allowed, "\(method) \(target)")
            }
        }
    }

    @Test(
        "Without the right name and password nothing is answered or changed, and the challenge is Basic",
        arguments: [
            nil, "", "Basic", "Basic !!!!", "Basic YWRtaW4=", "Basic OnB3", "Basic YWRtaW46", "Basic YWRtaW46d3Jvbmc=",
            "Basic cm9vdDp3cm9uZw==", "Bearer YWRtaW46d3Jvbmc=", "Digest username=admin",
            "Basic " + String(repeating: "A", count: 4_096),
        ] as [String?])
    func strangers(authorization: String?) async throws {
        let fixture = try ServerFixture()

        for transport in Transport.allCases {
            try await fixture.test(transport.setup) { client in
                for (method, target, body) in [
                    ("GET", Self.ipsec, nil), ("PATCH", Self.ipsec, Self.yes), ("GET", "/nonsense", nil),
                    ("OPTIONS", Self.ipsec, nil), ("POST", Self.fleetRollouts, Self.rotate),
                    ("DELETE", Self.node, nil),
                ] {
                    let answer = try await client.send(method, target, body: body, authorization: authorization)
                    #expect(answer.status == .unauthorized)
                    #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=\"") == true)
                    #expect(
                        answer.text == """
                            {
                              "error": {
                                "message": "User is not authorized.",
                                "code": "6691623"
                              }
                            }
                            """)
                }
            }
        }
        #expect(fixture.fleet.changes.isEmpty)
    }
}
