internal import Fleet
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Ladder
internal import ONTAP
internal import Ports

/// Answers one request: who sends it, what it says, what is done, what goes back.
struct RESTResponder: HTTPResponder {
    /// What is known of a request beside itself.
    struct Context: InitializableFromSource, Sendable {
        /// The client's address.
        let peer: String

        init(source: ApplicationRequestContextSource) {
            peer = source.channel.remoteAddress?.ipAddress ?? "unknown"
        }
    }

    /// Seconds after which a client that was told to wait may come again.
    private static let retrySeconds = 2
    /// A body is written in pieces of this size, so that a slow reader is seen to read.
    private static let pieceBytes = 65_536
    private static let headers: HTTPFields = [
        .cacheControl: "no-cache,no-store,must-revalidate", .xContentTypeOptions: "nosniff", .vary: "Accept",
    ]
    /// A page loads nothing and is shown in no other.
    private static let pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    private static let linkHeader = HTTPField.Name("Link")

    let control: any FleetControl
    let jobs: Jobs
    let returnTimeoutSeconds: Int64
    let authenticator: Authenticator
    let events: EventLog
    let logger: Logger
    private let lists: LargeLists

    init(
        control: any FleetControl, returnTimeoutSeconds: Int64, authenticator: Authenticator, events: EventLog,
        logger: Logger
    ) {
        self.control = control
        self.returnTimeoutSeconds = returnTimeoutSeconds
        self.authenticator = authenticator
        self.events = events
        self.logger = logger
        jobs = Jobs(control: control)
        lists = LargeLists(control: control)
    }

    func respond(to request: HummingbirdCore.Request, context: Context) async throws -> Response {
        let accept = request.headers[.accept]
        var entry = LogEntry(request, peer: context.peer)
        let answer: Answer
        switch await authenticator.check(request.headers[.authorization], from: context.peer) {
        case .user(let user, let role):
            entry.user = user
            do throws(APIError) {
                answer = try await self.answer(request, from: context.peer, accept: accept, user: user, role: role)
            } catch {
                answer = Answer(error, accept: accept)
            }
        case .missing, .wrongToo:
            answer = Answer(APIError.notAuthorized, accept: accept)
        case .wrong(let user):
            entry.user = user
            entry.isIntrusion = true
            answer = Answer(APIError.notAuthorized, accept: accept)
        case .busy:
            answer = Answer(APIError.tooManyRequests, accept: accept)
        }
        entry.write(answer, to: logger)
        guard let key = answer.rollout, request.method == .get, RolloutStream.isAsked(for: accept) else {
            return response(answer, isHead: request.method == .head)
        }
        var stream = response(answer, isHead: true)
        stream.headers[.contentType] = RolloutStream.contentType
        stream.headers[.contentLength] = nil
        stream.body = RolloutStream.body(key, control)
        return stream
    }

    private func answer(
        _ request: HummingbirdCore.Request, from peer: String, accept: String?, user: String, role: Accounts.Role
    ) async throws(APIError) -> Answer {
        let body = try await body(of: request)
        let asked = ONTAP.Request(
            method: request.method.rawValue, target: request.head.path ?? "", accept: accept, body: body)
        if let page = try Documentation.answer(method: asked.method, path: asked.path) { return page }
        let call = try Call(asked)
        if call.action == .read {
            let kind = call.route.resource.kind
            switch kind {
            case .associations, .edges: return try await lists.answer(call, peer: peer)
            case .events: return try Answer(call, records: events.records.lazy.map(\.json))
            case .jobs: return try Answer(call, records: await jobs.records(of: call.route.key))
            case .accounts: return try Answer(call, records: authenticator.accounts.map { AccountRecord($0).json })
            case .roles: return try Answer(call, records: Accounts.Role.allCases.map(\.record))
            case .ipsec, .cluster, .nodes, .rollouts, .fleetNodes: return try Answer(call, of: control.status())
            }
        }
        guard let change = try call.action.request() else { return Answer(empty: call) }
        guard role == .admin else { throw .forbidden }
        let description = "\(request.method.rawValue) \(call.path)"
        let job = try await jobs.start(change, of: description, user: user)
        let seconds = call.query.returnTimeout ?? returnTimeoutSeconds
        switch await jobs.answer(of: job, within: seconds) {
        case nil: return Answer(call, job: job)
        case let answer?:
            // Nobody was told of it.
            await jobs.forget(job)
            return try self.answer(answer, to: call)
        }
    }

    private func answer(_ answer: RolloutAnswer, to call: Call) throws(APIError) -> Answer {
        switch answer {
        case .unchanged: return Answer(empty: call)
        case .done(let rollout):
            guard case .startRollout = call.action else { return Answer(empty: call) }
            return Answer(call, created: control.status().rollout(rollout))
        case .failed(let failure): throw failure.error
        }
    }

    /// The whole body; refused before it is read where its length says that it is too large.
    private func body(of request: HummingbirdCore.Request) async throws(APIError) -> [UInt8] {
        let maximum = ONTAP.Request.bodyMaximum
        let length = request.headers[.contentLength]
        // Neither means that there is none (RFC 9112 §6.3).
        if length == nil && request.headers[.transferEncoding] == nil { return [] }
        let announced = length.flatMap(Int.init)
        if let announced, announced > maximum { throw .bodyTooLarge(maximum: maximum) }
        var bytes: [UInt8] = []
        do {
            for try await buffer in request.body {
                guard bytes.count + buffer.readableBytes <= maximum else {
                    throw APIError.bodyTooLarge(maximum: maximum)
                }
                bytes += buffer.readableBytesView
            }
        } catch let error as APIError {
            throw error
        } catch {
            throw .bodyIncomplete
        }
        // A connection that ends early looks like the end of the body.
        if let announced, announced != bytes.count { throw .bodyIncomplete }
        return bytes
    }

    private static func body(_ buffer: ByteBuffer) -> ResponseBody {
        guard buffer.readableBytes > pieceBytes else { return ResponseBody(byteBuffer: buffer) }
        return ResponseBody(contentLength: buffer.readableBytes) { writer in
            var rest = buffer
            while let piece = rest.readSlice(length: min(rest.readableBytes, pieceBytes)), piece.readableBytes > 0 {
                try await writer.write(piece)
            }
            try await writer.finish(nil)
        }
    }

    private func response(_ answer: Answer, isHead: Bool) -> Response {
        var headers = Self.headers
        headers[.contentType] = answer.contentType
        if answer.contentType.hasPrefix("text/html") { headers[.contentSecurityPolicy] = Self.pagePolicy }
        if !answer.allowed.isEmpty {
            headers[.allow] = answer.allowed.map(\.rawValue).joined(separator: ", ")
        }
        headers[.location] = answer.location
        if let next = answer.next, let link = Self.linkHeader { headers[link] = "<\(next)>; rel=\"next\"" }
        // PowerShell sends no credentials before it is asked for them.
        if answer.status == 401 { headers[.wwwAuthenticate] = "Basic realm=\"Testudo\", charset=\"UTF-8\"" }
        if answer.status == 429 { headers[.retryAfter] = "\(Self.retrySeconds)" }
        let response = Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: Self.body(ByteBuffer(string: answer.body)))
        return isHead ? response.createHeadResponse() : response
    }
}
