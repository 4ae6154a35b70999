import Testing

@testable import ONTAP

/// What the API says of itself against what it answers.
@Suite("The description of the API")
struct DescriptionTests {
    /// Records that have, between them, every member that a record can have.
    static let samples: [Resource.Kind: [JSONObject]] = {
        var failed = JobRecord(uuid: "u", description: "PATCH /api", startTime: "2026-01-01T00:00:00+00:00")
        failed.endTime = failed.startTime
        failed.outcome = .failure(.ipsec(.enableFailed, reasons: ["node1: no"]))
        let flow = AssociationRecord.Flow(spi: 0x0010_0001, bytes: 1, packets: 1)
        return [
            .ipsec: [IPsecRecord(enabled: true, replayWindow: 64).json],
            .cluster: [ClusterRecord(name: "testudo", uuid: "u").json],
            .nodes: [NodeRecord(uuid: "u", name: "node1", isUp: true).json],
            .jobs: [failed.json],
            .associations: [
                AssociationRecord(
                    uuid: "u", nodeUUID: "n", nodeName: "node1", local: "10.77.0.1", remote: "10.77.0.2",
                    isSending: true, inbound: flow, outbound: flow
                ).json
            ],
            .accounts: [AccountRecord(name: "admin", role: "admin").json],
            .roles: [RoleRecord(name: "admin", access: "all").json],
            .rollouts: [
                RolloutRecord(
                    id: 1, kind: "enable", outcome: "failure", durationMicroseconds: 1, drainMicroseconds: 1,
                    probeMicroseconds: 1, steps: [.init(name: "accept", microseconds: 1)],
                    progress: .init(step: "send", nodes: 2, nodesDone: 1),
                    reasons: [.init(node: "node1", message: "no")]
                ).json
            ],
            .fleetNodes: [
                FleetNodeRecord(
                    name: "node1", number: 1, state: .up, rung: "enforce", problems: ["a sentence"], joinMicroseconds: 1
                ).json
            ],
            .edges: [
                EdgeRecord(
                    node: "node1", peer: "node2", rung: "enforce", oppositeRung: "enforce", isWhole: true, sets: [1]
                ).json
            ],
            .events: [
                EventRecord(
                    id: 1, time: "2026-01-01T00:00:00Z", level: "info", message: "node present", node: "node1",
                    details: "present=1"
                ).json
            ],
        ]
    }()

    private static func described(_ properties: [Resource.Property], below prefix: String = "") -> Set<String> {
        Set(
            properties.flatMap { property in
                property.members.isEmpty
                    ? [prefix + property.name]
                    : described(property.members, below: "\(prefix)\(property.name).").sorted()
            })
    }

    private static func answered(_ record: JSONObject, _ properties: [Resource.Property], below prefix: String = "")
        -> Set<String>
    {
        Set(
            record.members.flatMap { member -> [String] in
                let property = properties.first { $0.name == member.name }
                guard case .object(let inner) = member.value else { return [prefix + member.name] }
                return answered(inner, property?.members ?? [], below: "\(prefix)\(member.name).").sorted()
            })
    }

    @Test("Every property that is answered is described, and every one that is described is answered")
    func properties() throws {
        for resource in Resource.all {
            let records = try #require(Self.samples[resource.kind], "\(resource.path)")
            let answered = records.reduce(into: Set<String>()) {
                $0.formUnion(Self.answered($1, resource.properties))
            }
            #expect(answered == Self.described(resource.properties), "\(resource.path)")
        }
        #expect(Set(Resource.all.map(\.kind)) == Set(Resource.Kind.allCases))
    }

    @Test("Every value is of the type that is described, and one of the values where those are named")
    func values() throws {
        func check(_ record: JSONObject, _ properties: [Resource.Property], _ path: String) {
            for property in properties {
                let place = "\(path) \(property.name)"
                switch (record[property.name], property.type) {
                case (.object(let inner)?, _) where !property.members.isEmpty: check(inner, property.members, place)
                case (.array?, .list), (.bool?, .flag), (.integer?, .number), (nil, _): break
                case (.string(let text)?, .text), (.string(let text)?, .number):
                    #expect(property.values.isEmpty || property.values.contains(text), "\(place): \(text)")
                default: #expect(Bool(false), "\(place) is not a \(property.type)")
                }
            }
        }
        for resource in Resource.all {
            for record in try #require(Self.samples[resource.kind]) {
                check(record, resource.properties, resource.path)
            }
        }
    }

    @Test("The specification has every path, method, parameter and code, and nothing else")
    func specification() throws {
        let document = OpenAPI.document
        guard case .object(let paths)? = document["paths"] else { return #expect(Bool(false), "no paths") }
        var expected: [String: Set<String>] = [:]
        for resource in Resource.all {
            expected[resource.path] = Set(resource.methods.map { $0.rawValue.lowercased() })
            if case .collection(let key) = resource.shape {
                expected["\(resource.path)/{\(key)}"] =
                    Set(resource.recordMethods.map { $0.rawValue.lowercased() }).union(["parameters"])
            }
        }
        var found: [String: Set<String>] = [:]
        for path in paths.members {
            guard case .object(let item) = path.value else { continue }
            found[path.name] = Set(item.members.map(\.name))
        }
        #expect(found == expected)
        let codes = document.value(at: [
            "components", "schemas", "error", "properties", "error", "properties", "code", "enum",
        ])
        #expect(codes == .array(APIError.Code.allCases.map { .string($0.digits) }))
        let reparsed = try JSONParser.parse(Array(document.text(pretty: true).utf8))
        #expect(reparsed == document)
    }

    @Test("A request with every parameter that the specification names is understood", arguments: Resource.all)
    func parameters(resource: Resource) throws {
        let values = [
            "continue_on_failure": "true", "fields": "*", "ignore_unknown_fields": "true", "max_records": "1",
            "offset": "0", "pretty": "false", "release": "true", "return_records": "true", "return_timeout": "0",
            "serial_records": "true",
        ]
        for method in resource.methods where method == .get || method == .options {
            let route = Route(resource, key: nil)
            for name in Query.names(of: route, method: method) {
                let value =
                    try name == "order_by"
                    ? resource.properties.first { $0.isOrdered }?.name ?? "" : #require(values[name], "\(name)")
                if value.isEmpty { continue }
                let request = Request(method: method.rawValue, target: "/api\(resource.path)?\(name)=\(value)")
                #expect(throws: Never.self, "\(request.target)") { _ = try Call(request) }
            }
        }
    }

    @Test("The pages are there for who reads, and nothing else below them is")
    func pages() throws {
        let html = try #require(try Documentation.answer(method: "GET", path: "/docs/api"))
        #expect(html.contentType.hasPrefix("text/html"))
        for resource in Resource.all { #expect(html.body.contains("/api\(resource.path)")) }
        let yaml = try #require(try Documentation.answer(method: "GET", path: "/docs/api/openapi.yaml"))
        #expect(yaml.contentType == "application/yaml" && yaml.body.hasPrefix("{"))
        #expect(try Documentation.answer(method: "GET", path: "/api/cluster") == nil)
        #expect(throws: APIError.unknownPath) { try Documentation.answer(method: "GET", path: "/docs/api/other") }
        #expect(throws: APIError.self) { try Documentation.answer(method: "PATCH", path: "/docs/api") }
    }
}
