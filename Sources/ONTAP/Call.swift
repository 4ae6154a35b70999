/// One request as it came, before anything of it is believed.
public struct Request: Hashable, Sendable {
    /// Real requests stay below a kilobyte; the HTTP parser's own limit, which words no answer, is twice this.
    public static let targetMaximum = 4_096
    /// As ONTAP-minded clients expect; the largest real body is a few kilobytes.
    public static let bodyMaximum = 1_048_576

    public var method: String
    /// Path and query as they stood in the request line.
    public var target: String
    public var accept: String?
    public var body: [UInt8]

    public init(method: String, target: String, accept: String? = nil, body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.accept = accept
        self.body = body
    }

    /// What stands before the first `?`.
    public var path: String { String(Self.cut(target).path) }

    /// A target before and after its first `?`; the query is empty where there is none. Cut at the byte: a mark that follows makes
    /// `?` part of another character.
    public static func cut(_ target: String) -> (path: Substring, query: Substring) {
        let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        return (Substring(target.utf8[..<end]), Substring(target.utf8[end...].dropFirst()))
    }
}

/// A request that was understood: what the server is to do, and how to answer.
public struct Call: Hashable, Sendable {
    /// What to do.
    public enum Action: Hashable, Sendable {
        /// Answer with the records of the route's resource.
        case read
        /// Answer with the methods.
        case options
        /// Change the singleton of IPsec.
        case changeIPsec(IPsecChange)
        /// Begin a rollout.
        case startRollout(RolloutStart)
        /// Take the node of this name out of the fleet.
        case removeNode(String)
        /// Free the addresses of the removed node of this name.
        case releaseNode(String)
    }

    public var action: Action
    public var route: Route
    public var query: Query
    public var representation: Representation
    /// Path and query as they stood in the request line; a list's own link repeats it.
    let target: String

    /// The path alone, as a canonical one names it.
    public var path: String { "/api\(route.resource.path)" + (route.key.map { "/\($0)" } ?? "") }

    /// Understands a request, or says what is wrong with it; nothing has happened yet.
    ///
    /// Path, then method, then query, then body: the first fault is the one that is told.
    public init(_ request: Request) throws(APIError) {
        guard request.target.utf8.count <= Request.targetMaximum else {
            throw .addressTooLong(maximum: Request.targetMaximum)
        }
        let (path, text) = Request.cut(request.target)
        route = try Route(path: String(path))
        guard let method = Method(rawValue: request.method), route.methods.contains(method) else {
            throw .wrongMethod(request.method, allowed: route.methods)
        }
        target = request.target
        query = try Query(QueryText(text), of: route, method: method)
        representation = Representation(accept: request.accept)
        guard request.body.count <= Request.bodyMaximum else { throw .bodyTooLarge(maximum: Request.bodyMaximum) }
        guard method.takesBody || method == .options || request.body.isEmpty else { throw .bodyNotAllowed }
        action = try Self.action(method, route, query, request.body)
    }

    private static func action(
        _ method: Method, _ route: Route, _ query: Query, _ body: [UInt8]
    ) throws(APIError) -> Action {
        switch (method, route.resource.kind, route.key) {
        case (.get, _, _), (.head, _, _): .read
        case (.options, _, _): .options
        case (.patch, .ipsec, _): .changeIPsec(try IPsecChange(body))
        case (.post, .rollouts, nil): .startRollout(try RolloutStart(body))
        case (.delete, .fleetNodes, let name?): query.isRelease ? .releaseNode(name) : .removeNode(name)
        // No resource lists a method that is missing above; if one did, it would be refused and not misread.
        default: throw .wrongMethod(method.rawValue, allowed: route.methods)
        }
    }
}
