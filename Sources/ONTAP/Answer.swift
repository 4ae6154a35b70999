/// What goes back to the client, but for the connection's own headers.
public struct Answer: Hashable, Sendable {
    public var status: Int
    public var body: String
    public var contentType: String
    /// What an `Allow` header says; empty for none.
    public var allowed: [Method]
    /// What a `Location` header says: the path of what a POST made.
    public var location: String?
    /// The code of an error, for the log.
    public var code: APIError.Code?

    /// Makes the answer to a call that reads: records of the route's resource, in the resource's own order.
    ///
    /// - Parameter records: all of them; one for a singleton.
    public init(_ call: Call, records: [JSONObject]) throws(APIError) {
        let route = call.route
        let shown: [JSONObject]
        if case .collection(let name) = route.resource.shape, let key = route.key {
            guard let record = records.first(where: { $0[name]?.keyText == key }) else { throw .noSuchEntry }
            shown = [record]
        } else {
            shown = records
        }
        let found = shown.filter(call.query.filter.matches)
        // A filter that one thing does not match: its answer is never an empty object.
        if !route.isCollection && found.isEmpty { throw .noSuchEntry }
        let body = route.isCollection ? Self.list(found, call) : Self.single(found, call)
        self.init(call, body: .object(body))
    }

    /// Makes the answer to a POST: the new record as a GET of its own path shows it, and that path.
    ///
    /// ONTAP answers a POST with nothing unless it is asked to; a record that a client must wait on is worth showing.
    public init(_ call: Call, created record: JSONObject) {
        self.init(call, body: call.query.returnRecords == false ? [:] : .object(Self.shown(record, call)))
        status = 201
        location = Link.path(of: record, in: call.route.resource)
    }

    /// Makes the answer to a change that goes on: where to look for its end. The link is there whatever `Accept` says, for
    /// clients go by it.
    public init(_ call: Call, job uuid: String) {
        let link: JSONValue = ["href": .string("/api\(Resource.jobs.path)/\(uuid)")]
        self.init(call, body: ["job": ["uuid": .string(uuid), "_links": ["self": link]]])
        status = 202
    }

    /// An empty object: the answer to OPTIONS, and to a change that is done.
    public init(empty call: Call) {
        self.init(call, body: [:])
        if call.action == .options { allowed = call.route.methods }
    }

    /// An error. Without a call, for one was not understood, links and layout are the default ones.
    public init(_ error: APIError, accept: String?) {
        status = error.status
        body = error.body.text(pretty: true)
        contentType = Representation(accept: accept).rawValue
        allowed = error.allowed
        code = error.code
    }

    private init(_ call: Call, body: JSONValue) {
        status = 200
        self.body = body.text(pretty: call.query.isPretty)
        contentType = call.representation.rawValue
        allowed = []
    }

    /// A flat object, as ONTAP answers for a singleton and for one record.
    private static func single(_ records: [JSONObject], _ call: Call) -> JSONObject {
        guard call.query.returnRecords != false else { return ["num_records": .integer(Int64(records.count))] }
        guard let record = records.first else { return [:] }
        return shown(record, call)
    }

    private static func list(_ records: [JSONObject], _ call: Call) -> JSONObject {
        guard call.query.returnRecords != false else { return ["num_records": .integer(Int64(records.count))] }
        let page = call.query.order.sorted(records).dropFirst(call.query.offset).prefix(call.query.maxRecords)
        var body: JSONObject = [
            "records": .array(page.map { .object(shown($0, call)) }),
            "num_records": .integer(Int64(page.count)),
        ]
        let next = call.query.offset + page.count
        let links = Link.links(of: call, next: next < records.count && !page.isEmpty ? next : nil)
        if !links.members.isEmpty { body["_links"] = .object(links) }
        return body
    }

    private static func shown(_ record: JSONObject, _ call: Call) -> JSONObject {
        var shown = call.query.fields.apply(to: record, of: call.route.resource)
        if call.representation.hasLinks {
            shown["_links"] = ["self": ["href": .string(Link.path(of: record, in: call.route.resource))]]
        }
        return shown
    }
}

extension JSONValue {
    /// A key as it stands in a path.
    var keyText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .null, .bool, .decimal, .array, .object: nil
        }
    }
}
