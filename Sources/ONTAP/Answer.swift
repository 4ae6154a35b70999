/// What goes back to the client, but for the connection's own headers.
public struct Answer: Hashable, Sendable {
    public var status: Int
    public var body: String
    public var contentType: String
    /// What an `Allow` header says; empty for none.
    public var allowed: [Method]
    /// What a `Location` header says: the path of what a POST made.
    public var location: String?
    /// What a `Link` header says: where the next page of a list is.
    public var next: String?
    /// The key of the rollout that it shows: it can be followed.
    public var rollout: String?
    /// The code of an error, for the log.
    public var code: APIError.Code?

    /// Makes the answer to a call that reads: records of the route's resource, in the resource's own order.
    ///
    /// - Parameter records: all of them, made as they are asked for; one for a singleton.
    public init(_ call: Call, records: some Sequence<JSONObject>) throws(APIError) {
        let route = call.route
        if route.isCollection {
            var page = Page(call)
            for record in records { guard try page.offer(record) else { break } }
            self.init(call, page)
            return
        }
        let record: JSONObject?
        if case .collection(let name) = route.resource.shape, let key = route.key {
            record = records.first { $0[name]?.keyText == key }
        } else {
            record = records.first { _ in true }
        }
        // A filter that one thing does not match: its answer is never an empty object.
        guard let record, call.query.filter.matches(record) else { throw .noSuchEntry }
        self.init(call, body: .object(Self.single(record, call)))
        if route.resource.kind == .rollouts { rollout = route.key }
    }

    /// Makes the answer to a call that reads a list.
    public init(_ call: Call, _ page: Page) {
        let body = JSONValue.object(page.body)
        self.init(call, body: body)
        if case .string(let link) = body.value(at: ["_links", "next", "href"]) { next = link }
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

    /// A page for people or tools.
    init(page text: String, type: String) {
        status = 200
        body = text
        contentType = type
        allowed = []
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
    private static func single(_ record: JSONObject, _ call: Call) -> JSONObject {
        guard call.query.returnRecords != false else { return ["num_records": 1] }
        let body = shown(record, call)
        // Never an empty object: Ansible's modules take that for no answer.
        return body.members.isEmpty ? links(to: record, call) : body
    }

    static func shown(_ record: JSONObject, _ call: Call) -> JSONObject {
        var shown = call.query.fields.apply(to: record, of: call.route.resource)
        if call.representation.hasLinks { shown["_links"] = links(to: record, call)["_links"] }
        return shown
    }

    private static func links(to record: JSONObject, _ call: Call) -> JSONObject {
        ["_links": ["self": ["href": .string(Link.path(of: record, in: call.route.resource))]]]
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
