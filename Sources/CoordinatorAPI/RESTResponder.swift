internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
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

    /// Seconds after which a client that was told to wait may come again: a full queue of password checks is over.
    private static let retrySeconds = 2

    let control: any FleetControl
    let jobs: Jobs
    let returnTimeoutSeconds: Int64
    let authenticator: Authenticator
    let logger: Logger

    func respond(to request: HummingbirdCore.Request, context: Context) async throws -> Response {
        let accept = request.headers[.accept]
        var entry = LogEntry(request, peer: context.peer)
        let answer: Answer
        switch await authenticator.check(request.headers[.authorization]) {
        case .user(let user):
            entry.user = user
            do throws(APIError) {
                answer = try await self.answer(request, accept: accept, user: user)
            } catch {
                answer = Answer(error, accept: accept)
            }
        case .missing:
            answer = Answer(APIError.notAuthorized, accept: accept)
        case .wrong(let user):
            entry.user = user
            entry.isIntrusion = true
            answer = Answer(APIError.notAuthorized, accept: accept)
        case .busy:
            answer = Answer(APIError.tooManyRequests, accept: accept)
        }
        entry.write(answer, to: logger)
        return response(answer, isHead: request.method == .head)
    }

    private func answer(
        _ request: HummingbirdCore.Request, accept: String?, user: String
    ) async throws(APIError) -> Answer {
        let body = try await body(of: request)
        let call = try Call(
            ONTAP.Request(
                method: request.method.rawValue, target: request.head.path ?? "", accept: accept, body: body))
        if call.action == .read {
            let kind = call.route.resource.kind
            return try Answer(call, records: kind == .jobs ? await jobs.records() : control.status().records(of: kind))
        }
        guard let change = try call.action.request() else { return Answer(empty: call) }
        let description = "\(request.method.rawValue) \(call.path)"
        let job = try await jobs.start(change, of: description, user: user)
        let seconds = call.query.returnTimeout ?? returnTimeoutSeconds
        switch await jobs.answer(of: job, within: seconds) {
        case nil: return Answer(call, job: job)
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
        let announced = request.headers[.contentLength].flatMap(Int.init)
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

    private func response(_ answer: Answer, isHead: Bool) -> Response {
        var headers: HTTPFields = [
            .contentType: answer.contentType, .cacheControl: "no-cache,no-store,must-revalidate",
            .xContentTypeOptions: "nosniff", .vary: "Accept",
        ]
        if !answer.allowed.isEmpty {
            headers[.allow] = answer.allowed.map(\.rawValue).joined(separator: ", ")
        }
        headers[.location] = answer.location
        // PowerShell sends no credentials before it is asked for them.
        if answer.status == 401 { headers[.wwwAuthenticate] = "Basic realm=\"Testudo\", charset=\"UTF-8\"" }
        if answer.status == 429 { headers[.retryAfter] = "\(Self.retrySeconds)" }
        let response = Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
        return isHead ? response.createHeadResponse() : response
    }
}
