import Testing

@testable import ONTAP

@Suite("Queries")
struct QueryTests {
    private func call(_ target: String, method: String = "GET", accept: String? = nil) throws -> Call {
        try Call(
            Request(method: method, target: target, accept: accept, body: method == "PATCH" ? Array("{}".utf8) : []))
    }

    private func answer(_ target: String, accept: String? = nil) throws -> JSONValue {
        let call = try call(target, accept: accept)
        let records: [JSONObject] =
            switch call.route.resource.kind {
            case .ipsec: [IPsecRecord(enabled: true, replayWindow: 64).json]
            case .cluster: [ClusterRecord(name: "fleet", uuid: "u").json]
            case .nodes:
                (1...5).map { NodeRecord(uuid: "u\($0)", name: "node\($0)", isUp: $0 % 2 == 1).json }
            case .rollouts, .jobs, .associations, .accounts, .roles, .edges, .events: []
            case .fleetNodes: Self.fleetNodes.map(\.json)
            }
        return try JSONParser.parse(Array(Answer(call, records: records).body.utf8))
    }

    @Test(
        "The path ends at the first byte `?`, whatever mark follows it",
        arguments: [
            ("/a", "/a", ""), ("/a?", "/a", ""), ("/a?b=1?c", "/a", "b=1?c"),
            ("/a?\u{301}secret", "/a", "\u{301}secret"), ("", "", ""),
        ])
    func cut(target: String, path: String, query: String) {
        let parts = Request.cut(target)
        #expect(Array(parts.path.utf8) == Array(path.utf8) && Array(parts.query.utf8) == Array(query.utf8))
    }

    private static let fleetNodes = [
        FleetNodeRecord(
            name: "b", number: 1, state: .up, rung: "enforce", problems: ["x", "y"], joinMicroseconds: 3_000),
        FleetNodeRecord(name: "a.b-c", number: 2, state: .down, rung: nil, problems: [], joinMicroseconds: nil),
        FleetNodeRecord(name: "c", number: 3, state: .quarantined, rung: "clear", problems: [], joinMicroseconds: 20),
    ]

    @Test(
        "Both prefixes, a slash at the end and escapes lead to the same resource",
        arguments: [
            "/api/security/ipsec", "/api/v1/security/ipsec", "/api/security/ipsec/", "/api/security/%69psec",
            "/api/security/ipsec?",
        ])
    func routes(target: String) throws {
        #expect(try call(target).route.resource.kind == .ipsec)
    }

    @Test(
        "Names and values are percent-decoded, and plus is a space",
        arguments: [
            ("", []), ("a=b", ["a", "b"]), ("a=", ["a", ""]), ("a=b=c", ["a", "b=c"]), ("&&a=b&", ["a", "b"]),
            ("%61=%2A+%2C%20", ["a", "* , "]), ("a=%c3%a9&b=2", ["a", "é", "b", "2"]),
        ] as [(String, [String])])
    func decodes(text: String, items: [String]) throws {
        #expect(try QueryText(text).items.flatMap { [$0.name, $0.value] } == items)
    }

    @Test(
        "A query that cannot be decoded is refused",
        arguments: [
            ("a=%", .badQueryValue), ("a=%4", .badQueryValue), ("a=%zz", .badQueryValue), ("a=%ff", .badQueryValue),
            ("a=%c3", .badQueryValue), ("a", .queryWithoutEqualSign), ("=b", .unexpectedArgument),
            (String(repeating: "a=b&", count: 129), .badQueryValue),
        ] as [(String, APIError.Code)])
    func refusesBadQueries(text: String, code: APIError.Code) {
        let error = #expect(throws: APIError.self) { try QueryText(text) }
        #expect(error?.code == code)
    }

    @Test(
        "Fields choose what is shown; keys and links come regardless",
        arguments: [
            ("/api/cluster", ["name", "uuid", "version", "_links"]),
            ("/api/cluster?fields=", ["name", "uuid", "version", "_links"]),
            ("/api/cluster?fields=%2A", ["name", "uuid", "version", "_links"]),
            ("/api/cluster?fields=**", ["name", "uuid", "version", "_links"]),
            ("/api/cluster?fields=version", ["version", "_links"]),
            ("/api/cluster?fields=version,name", ["name", "version", "_links"]),
            ("/api/cluster?fields=version%2C%20name", ["name", "version", "_links"]),
            ("/api/cluster?fields=version&fields=name", ["name", "version", "_links"]),
            ("/api/cluster?fields=_links", ["_links"]),
            ("/api/cluster?fields=nonsense,name&ignore_unknown_fields=true", ["name", "_links"]),
            ("/api/cluster?fields=nonsense&ignore_unknown_fields=True", ["name", "uuid", "version", "_links"]),
            ("/api/cluster?fields=!uuid", ["name", "version", "_links"]),
            ("/api/cluster?fields=*,!version,!name", ["uuid", "_links"]),
            ("/api/cluster?fields=name,version,!name", ["version", "_links"]),
            ("/api/cluster?fields={name,uuid}", ["name", "uuid", "_links"]),
            ("/api/cluster?fields=version.{major,minor},name", ["name", "version", "_links"]),
            ("/api/cluster?fields=!nonsense&ignore_unknown_fields=true", ["name", "uuid", "version", "_links"]),
            ("/api/cluster/nodes/u1?fields=!name,!uuid", ["uuid", "name", "state", "_links"]),
            ("/api/security/ipsec", ["enabled", "replay_window", "_links"]),
            ("/api/security/ipsec?fields=enabled", ["enabled", "_links"]),
            ("/api/security/ipsec?fields=enabled%2Creplay_window", ["enabled", "replay_window", "_links"]),
            (
                "/api/fleet/nodes/b",
                ["name", "number", "state", "rung", "degraded", "problems", "join_microseconds", "_links"]
            ),
            ("/api/fleet/nodes/a.b-c", ["name", "number", "state", "degraded", "problems", "_links"]),
            ("/api/fleet/nodes/b?fields=rung,problems", ["name", "rung", "problems", "_links"]),
        ])
    func fields(target: String, names: [String]) throws {
        guard case .object(let object) = try answer(target) else {
            Issue.record("no object")
            return
        }
        #expect(object.members.map(\.name) == names)
    }

    @Test("Fields reach into objects")
    func nestedFields() throws {
        #expect(try answer("/api/cluster?fields=version.major,version.minor")["version"] == ["major": 8, "minor": 0])
        #expect(try answer("/api/cluster?fields=version.major,version")["version"]?["generation"] == 9)
        #expect(try answer("/api/cluster?fields=version.{major,minor}")["version"] == ["major": 8, "minor": 0])
        #expect(try answer("/api/cluster?fields=!version.full")["version"]?["full"] == nil)
        #expect(try answer("/api/cluster?fields=!version.{full,major}")["version"] == ["generation": 9, "minor": 0])
    }

    @Test("Without fields a list shows what it has, with them its keys and what was asked for")
    func listFields() throws {
        let target = "/api/cluster/nodes?fields=name&max_records=1"

        #expect(
            try answer(target)["records"] == [
                ["uuid": "u1", "name": "node1", "_links": ["self": ["href": "/api/cluster/nodes/u1"]]]
            ])
    }

    @Test("A list is ordered as asked, and stays as it was where no key tells two apart")
    func order() throws {
        func names(_ order: String, of path: String = "/api/cluster/nodes") throws -> [JSONValue?] {
            guard case .array(let records)? = try answer("\(path)?order_by=\(order)")["records"] else { return [] }
            return records.map { $0["name"] }
        }

        #expect(try names("name%20desc") == ["node5", "node4", "node3", "node2", "node1"])
        #expect(try names("state,name+desc") == ["node4", "node2", "node5", "node3", "node1"])
        #expect(try names("state+asc") == ["node2", "node4", "node1", "node3", "node5"])
        #expect(try names("degraded+desc,number+desc", of: "/api/fleet/nodes") == ["b", "c", "a.b-c"])
        #expect(try names("join_microseconds", of: "/api/fleet/nodes") == ["a.b-c", "c", "b"])
    }

    @Test(
        "A property's name as a parameter filters a list",
        arguments: [
            ("name=b", ["b"]), ("name=!b", ["a.b-c", "c"]), ("name=b|c", ["b", "c"]), ("name=a*", ["a.b-c"]),
            ("name=*c", ["a.b-c", "c"]), ("name=a*b*c", ["a.b-c"]), ("name=*b*", ["b", "a.b-c"]), ("name=!*b*", ["c"]),
            ("name=%22b%22", ["b"]), ("name={b}", ["b"]), ("name=%22*%22", []), ("name=%22b%7Cc%22", []),
            ("name=%3Cb", ["a.b-c"]), ("name=%3E%3Db", ["b", "c"]), ("name=b..c", ["b", "c"]),
            ("number=2", ["a.b-c"]), ("number=%3C=2", ["b", "a.b-c"]), ("number=%3E2", ["c"]),
            ("number=2..3", ["a.b-c", "c"]), ("number=1|3", ["b", "c"]), ("number=!1", ["a.b-c", "c"]),
            ("degraded=true", ["b"]), ("degraded=False", ["a.b-c", "c"]),
            ("rung=null", ["a.b-c"]), ("rung=!null", ["b", "c"]), ("rung=*", ["b", "c"]),
            ("rung=enforce|null", ["b", "a.b-c"]), ("rung=!enforce", ["c"]), ("rung=%3Cz", ["b", "c"]),
            ("join_microseconds=%3C100", ["c"]), ("join_microseconds=null", ["a.b-c"]),
            ("problems=y", ["b"]), ("problems=null", ["a.b-c", "c"]), ("problems=z", []),
            ("state=up&number=1", ["b"]), ("state=up&number=2", []), ("number=%3E1&number=%3C3", ["a.b-c"]),
            ("name=b&order_by=name", ["b"]), ("number=%3E1&max_records=1&offset=1", ["c"]),
        ] as [(String, [JSONValue])])
    func filters(query: String, names: [JSONValue]) throws {
        guard case .array(let records)? = try answer("/api/fleet/nodes?\(query)")["records"] else {
            Issue.record("no records")
            return
        }
        #expect(records.map { $0["name"] } == names)
    }

    @Test("A filter that one thing does not match finds nothing; one that it matches changes nothing")
    func singleFilters() throws {
        #expect(try answer("/api/security/ipsec?enabled=true&replay_window=64")["enabled"] == true)
        #expect(try answer("/api/security/ipsec?replay_window=%3C100")["replay_window"] == "64")
        #expect(try answer("/api/cluster?version.major=8")["name"] == "fleet")
        #expect(try answer("/api/cluster/nodes?state=down&return_records=false") == ["num_records": 2])
        for target in ["/api/security/ipsec?enabled=false", "/api/cluster?name=x", "/api/fleet/nodes/b?number=2"] {
            let error = #expect(throws: APIError.self) { try answer(target) }
            #expect(error?.code == .noSuchEntry)
        }
    }

    @Test(
        "A filter that means nothing is refused",
        arguments: [
            ("number=two", .badQueryValue), ("number=1..", .badQueryValue), ("number=", .badQueryValue),
            ("number=%3C", .badQueryValue), ("degraded=yes", .badQueryValue), ("degraded=1|true", .badQueryValue),
            ("steps=x", .unexpectedArgument), ("nonsense=1", .unexpectedArgument), ("_links=x", .notQueryable),
            ("name=" + String(repeating: "a|", count: 64), .badQueryValue),
        ] as [(String, APIError.Code)])
    func refusesBadFilters(query: String, code: APIError.Code) {
        let error = #expect(throws: APIError.self) { try answer("/api/fleet/nodes?\(query)") }
        #expect(error?.code == code)
    }

    @Test("A job says how it stands in words that clients go by, and a failure's reasons")
    func jobs() throws {
        var job = JobRecord(uuid: "u", description: "PATCH /api/security/ipsec", startTime: "then")
        #expect(JSONValue.object(job.json)["state"] == "running")
        job.endTime = "now"
        job.outcome = .failure(.ipsec(.enableFailed, reasons: ["node1: no report within 10 s"]))
        let json = JSONValue.object(job.json)

        #expect(json["state"] == "failure")
        #expect(json["code"] == 66_256_898)
        #expect(json["message"] == "Internal error. Failed to enable IPsec. node1: no report within 10 s")
        #expect(json["error"]?["code"] == "66256898")
        let call = try call("/api/security/ipsec?return_timeout=0", method: "PATCH", accept: "application/json")
        let answer = try JSONParser.parse(Array(Answer(call, job: "u").body.utf8))
        #expect(answer == ["job": ["uuid": "u", "_links": ["self": ["href": "/api/cluster/jobs/u"]]]])
        #expect(Answer(call, job: "u").status == 202)
    }

    @Test("A list comes in pages, each with a link to the next, whatever is accepted")
    func pages() throws {
        var target: String? = "/api/cluster/nodes?max_records=2&fields=name"
        var sizes: [JSONValue?] = []
        var names: [JSONValue?] = []
        while let next = target, sizes.count < 10 {
            let page = try answer(next, accept: "application/json")
            sizes.append(page["num_records"])
            if case .array(let records)? = page["records"] { names += records.map { $0["name"] } }
            target = nil
            if case .string(let href)? = page["_links"]?["next"]?["href"] { target = href }
        }

        #expect(sizes == [2, 2, 1])
        #expect(names == ["node1", "node2", "node3", "node4", "node5"])
    }

    @Test("return_records=false leaves the count")
    func countOnly() throws {
        #expect(try answer("/api/cluster/nodes?return_records=false") == ["num_records": 5])
        #expect(try answer("/api/security/ipsec?return_records=False") == ["num_records": 1])
    }

    @Test(
        "Accept decides over links",
        arguments: [
            (nil, .hal), ("", .hal), ("*/*", .hal), ("text/html", .hal), ("application/hal+json", .hal),
            ("application/json", .plain), ("Application/JSON; charset=utf-8", .plain),
            ("application/json, */*;q=0.1", .plain), ("application/hal+json,application/json", .hal),
            ("application/hal+json;q=0.5, application/json", .plain), ("application/json;q=0", .hal),
            ("application/json;q=x", .hal),
        ] as [(String?, Representation)])
    func accepts(header: String?, representation: Representation) {
        #expect(Representation(accept: header) == representation)
    }

    @Test("Any target, method and body is understood or refused, never a crash")
    func survivesDamage() {
        let target = Array("/api/fleet/nodes/node1?fields=name&order_by=name%20desc&release=true".utf8)

        for index in target.indices {
            for byte in UInt8.min ... .max {
                var damaged = target
                damaged[index] = byte
                let text = String(decoding: damaged, as: UTF8.self)
                for method in ["GET", "POST", "DELETE", "PATCH", "\u{0}"] {
                    _ = try? Call(Request(method: method, target: text, accept: text, body: damaged))
                }
                _ = try? QueryText(text)
            }
        }
    }

    @Test("Every common code answers with the status that goes with it")
    func statuses() {
        #expect(APIError.Code.allCases.allSatisfy { (400...503).contains($0.status) })
        #expect(APIError.unknownPath.status == 404)
        #expect(APIError.ipsec(.unsupported, reasons: []).status == 500)
    }

    @Test("Arguments are bounded, and the last says how many more there are")
    func manyArguments() throws {
        let error = APIError.ipsec(.enableFailed, reasons: (1...1_000).map { "node\($0): no report within 10 s" })
        guard case .array(let arguments)? = error.body["error"]?["arguments"] else {
            Issue.record("no arguments")
            return
        }

        #expect(arguments.count == APIError.argumentsMaximum)
        #expect(arguments.last?["message"] == "and 745 more")
    }

    @Test("What a client sent is quoted in part only")
    func longNames() {
        let error = APIError.unexpectedArgument(String(repeating: "é", count: 100_000))

        #expect(error.message.utf8.count < 400)
    }
}
