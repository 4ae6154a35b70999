/// The description of the whole API (OpenAPI 3.0.3), made from the resources that the server answers from: what is not
/// described is not served, and the other way round.
public enum OpenAPI {
    public static let document: JSONValue = [
        "openapi": "3.0.3",
        "info": [
            "title": "Testudo", "version": "0.1.0",
            "description":
                "IPsec across a fleet, in the shape of ONTAP 9.8's REST interface. Paths below /fleet are Testudo's own.",
        ],
        "servers": [["url": "/api"], ["url": "/api/v1"]], "security": [["basic": []]], "paths": .object(paths),
        "components": [
            "securitySchemes": ["basic": ["type": "http", "scheme": "basic"]], "parameters": .object(parameters),
            "responses": .object(responses), "schemas": .object(schemas),
        ],
    ]

    private static var paths: JSONObject {
        var paths = JSONObject()
        for resource in Resource.all {
            paths[resource.path] = .object(item(resource, isRecord: false))
            if case .collection(let key) = resource.shape {
                var record = item(resource, isRecord: true)
                record["parameters"] = [
                    [
                        "name": .string(key), "in": "path", "required": true, "schema": ["type": "string"],
                    ]
                ]
                paths["\(resource.path)/{\(key)}"] = .object(record)
            }
        }
        return paths
    }

    /// What one path knows.
    private static func item(_ resource: Resource, isRecord: Bool) -> JSONObject {
        var item = JSONObject()
        for method in isRecord ? resource.recordMethods : resource.methods {
            item[method.rawValue.lowercased()] = .object(operation(method, resource, isRecord))
        }
        return item
    }

    private static func operation(_ method: Method, _ resource: Resource, _ isRecord: Bool) -> JSONObject {
        let route = Route(resource, key: isRecord ? "" : nil)
        var operation: JSONObject = [
            "summary": .string(resource.about), "tags": [.string(resource.path)],
            "parameters": .array(
                Query.names(of: route, method: method).map { ["$ref": .string("#/components/parameters/\($0)")] }
                    + (method == .get || method == .head ? filters(resource) : [])),
        ]
        if let body = body(method, resource) {
            operation["requestBody"] = ["required": true, "content": ["application/json": ["schema": body]]]
        }
        var answers: JSONObject = [:]
        switch method {
        case .get:
            var found = answer("The answer.", schema(resource, isList: route.isCollection))
            if resource.kind == .rollouts && isRecord, case .object(var object) = found,
                case .object(var content)? = object["content"]
            {
                content["text/event-stream"] = ["schema": ["type": "string"]]
                object["content"] = .object(content)
                found = .object(object)
            }
            answers["200"] = found
        case .head: answers["200"] = ["description": "The head of the answer to GET."]
        case .options: answers["200"] = ["description": "The methods, in Allow."]
        case .patch, .delete:
            answers["200"] = answer("It is done.", ["type": "object"])
            answers["202"] = ["$ref": "#/components/responses/job"]
        case .post:
            answers["200"] = answer("There was nothing to do.", ["type": "object"])
            answers["201"] = answer("It is done; Location names it.", schema(resource, isList: false))
            answers["202"] = ["$ref": "#/components/responses/job"]
        }
        answers["default"] = ["$ref": "#/components/responses/error"]
        operation["responses"] = .object(answers)
        return operation
    }

    private static func body(_ method: Method, _ resource: Resource) -> JSONValue? {
        switch (method, resource.kind) {
        case (.patch, .ipsec):
            [
                "type": "object", "additionalProperties": false,
                "properties": [
                    "enabled": ["type": "boolean", "description": "Turns IPsec on or off."],
                    "replay_window": [
                        "description": "Another window is a rotation of all keys.",
                        "oneOf": [
                            [
                                "type": "integer",
                                "enum": .array(IPsecRecord.replayWindows.map { .integer(Int64($0)) }),
                            ],
                            ["type": "string", "enum": .array(IPsecRecord.replayWindows.map { .string("\($0)") })],
                        ],
                    ],
                    "_links": ["description": "As a GET gave it: ignored."],
                ],
            ]
        case (.post, .rollouts):
            [
                "type": "object", "additionalProperties": false, "required": ["kind"],
                "properties": [
                    "kind": [
                        "type": "string", "enum": .array(RolloutStart.Kind.allCases.map { .string($0.rawValue) }),
                    ],
                    "absent": [
                        "type": "string", "enum": .array(RolloutStart.Absent.allCases.map { .string($0.rawValue) }),
                    ],
                ],
            ]
        default: nil
        }
    }

    /// A parameter for each property that a list can be filtered by.
    private static func filters(_ resource: Resource) -> [JSONValue] {
        func filters(_ properties: [Resource.Property], below prefix: String) -> [JSONValue] {
            properties.flatMap { property -> [JSONValue] in
                let name = prefix + property.name
                if !property.members.isEmpty { return filters(property.members, below: name + ".") }
                guard property.isFiltered else { return [] }
                return [
                    [
                        "name": .string(name), "in": "query", "schema": ["type": "string"],
                        "description": .string("Filter: \(property.about)"),
                    ]
                ]
            }
        }
        return filters(resource.properties, below: "")
    }

    private static func answer(_ about: String, _ schema: JSONValue) -> JSONValue {
        [
            "description": .string(about),
            "content": ["application/hal+json": ["schema": schema], "application/json": ["schema": schema]],
        ]
    }

    private static func schema(_ resource: Resource, isList: Bool) -> JSONValue {
        let record: JSONValue = ["$ref": .string("#/components/schemas/\(resource.schemaName)")]
        guard isList else { return record }
        return [
            "type": "object",
            "properties": [
                "records": ["type": "array", "items": record], "num_records": ["type": "integer"],
                "_links": ["type": "object"],
            ],
        ]
    }

    private static var schemas: JSONObject {
        var schemas = JSONObject()
        for resource in Resource.all {
            var properties = members(resource.properties)
            properties["_links"] = ["type": "object"]
            properties["num_records"] = ["type": "integer", "description": "With return_records=false, alone."]
            schemas[resource.schemaName] = [
                "type": "object", "description": .string(resource.about), "properties": .object(properties),
                "additionalProperties": false,
            ]
        }
        schemas["error"] = [
            "type": "object", "required": ["error"],
            "properties": [
                "error": [
                    "type": "object", "required": ["message", "code"],
                    "properties": [
                        "message": ["type": "string"],
                        "code": ["type": "string", "enum": .array(APIError.Code.allCases.map { .string($0.digits) })],
                        "target": ["type": "string"],
                        "arguments": [
                            "type": "array",
                            "items": [
                                "type": "object",
                                "properties": ["code": ["type": "string"], "message": ["type": "string"]],
                            ],
                        ],
                    ],
                ]
            ],
        ]
        return schemas
    }

    private static func members(_ properties: [Resource.Property]) -> JSONObject {
        var schemas = JSONObject()
        for property in properties {
            var schema: JSONObject = ["description": .string(property.about)]
            if !property.members.isEmpty {
                schema["type"] = "object"
                schema["properties"] = .object(members(property.members))
            } else if property.type == .list {
                schema["type"] = "array"
                schema["items"] = [:]
            } else {
                // The window is a number that is written as text.
                schema["type"] = .string(property.values.isEmpty ? property.type.rawValue : "string")
                if !property.values.isEmpty { schema["enum"] = .array(property.values.map(JSONValue.string)) }
            }
            schemas[property.name] = .object(schema)
        }
        return schemas
    }

    private static var responses: JSONObject {
        [
            "error": answer("It was refused or failed.", ["$ref": "#/components/schemas/error"]),
            "job": answer(
                "It goes on: the job tells its end.",
                [
                    "type": "object", "required": ["job"],
                    "properties": [
                        "job": [
                            "type": "object", "required": ["uuid", "_links"],
                            "properties": ["uuid": ["type": "string"], "_links": ["type": "object"]],
                        ]
                    ],
                ]),
        ]
    }

    private static var parameters: JSONObject {
        var parameters = JSONObject()
        for (name, schema, about) in Query.described {
            parameters[name] = [
                "name": .string(name), "in": "query", "schema": .object(schema), "description": .string(about),
            ]
        }
        return parameters
    }
}

extension Resource {
    /// `security_ipsec` for `/security/ipsec`.
    var schemaName: String { path.split(separator: "/").joined(separator: "_") }
}
