internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
public import Logging
internal import NIOCore

/// The same HTTP server as ``RESTServer``'s, behind the same TLS, that says `hello` to anybody: what the answers of
/// the real one are held against.
public enum BareServer {
    private struct Responder: HTTPResponder {
        func respond(to request: HummingbirdCore.Request, context: RESTResponder.Context) async throws -> Response {
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "hello")))
        }
    }

    /// Serves on the first address, with a certificate of the configuration's directory, until its process is told to end.
    public static func run(_ configuration: RESTConfiguration, logger: Logger) async throws {
        try configuration.check()
        let tls = try ServerIdentity(configuration, logger: logger).tls()
        let endpoint = configuration.listen[0]
        try await Application(
            responder: Responder(), server: .tls(configuration.limits.server(), tlsConfiguration: tls),
            configuration: ApplicationConfiguration(address: .hostname(endpoint.host, port: endpoint.port)),
            logger: logger
        ).runService()
    }
}
