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
}

/// A request that was understood: what the server is to do, and how to answer.
public struct Call: Hashable, Sendable {
    /// What to do.
    public enum Action: Hashable, Sendable {
        /// Answer with the records of the route's resource.
        case read
        /// Answer with the methods.
        case options
        /// Turn IPsec on or off; `nil` where the body leaves it as it is.
        case setIPsec(enabled: Bool?)
    }

    public var action: Action
    public var route: Route
    public var query: Query
    public var representation: Representation
    /// Path and query as they stood in the request line; a list's own link repeats it.
    let target: String

    /// Understands a request, or says what is wrong with it; nothing has happened yet.
    ///
    /// Path, then method, then query, then body: the first fault is the one that is told.
    public init(_ request: Request) throws(APIError) {
        guard request.target.utf8.count <= Request.targetMaximum else {
            throw .addressTooLong(maximum: Request.targetMaximum)
        }
        let parts = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        route = try Route(path: parts.first.map(String.init) ?? "")
        guard let method = Method(rawValue: request.method), route.methods.contains(method) else {
            throw .wrongMethod(request.method, allowed: route.methods)
        }
        target = request.target
        query = try Query(QueryText(parts.count > 1 ? parts[1] : ""), of: route, method: method)
        representation = Representation(accept: request.accept)
        guard request.body.count <= Request.bodyMaximum else { throw .bodyTooLarge(maximum: Request.bodyMaximum) }
        guard method.takesBody || method == .options || request.body.isEmpty else { throw .bodyNotAllowed }
        switch method {
        case .get, .head: action = .read
        case .options: action = .options
        case .patch: action = .setIPsec(enabled: try IPsecChange(request.body).enabled)
        }
    }
}
