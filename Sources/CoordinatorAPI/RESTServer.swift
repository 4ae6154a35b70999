internal import FoundationEssentials
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
public import Logging
internal import NIOCore
internal import NIOSSL
public import Ports

/// The REST interface of a fleet, in the shape of ONTAP's `/api/security/ipsec`, over HTTPS.
///
/// Making it reads its certificates and accounts, or makes them at the first start; ``run()`` serves until its task is
/// cancelled or its service group shuts down, and then lets requests under way end.
public struct RESTServer: Sendable {
    private let configuration: RESTConfiguration
    private let identity: ServerIdentity
    private let tls: TLSConfiguration
    private let responder: RESTResponder
    private let listening: Listening
    private let logger: Logger

    /// Reads or makes what the server needs on disk. Takes a tenth of a second at the first start.
    public init(
        control: any FleetControl, configuration: RESTConfiguration, events: EventLog = EventLog(), logger: Logger
    ) throws(RESTStartError) {
        try configuration.check()
        let directory = try ServerDirectory(path: configuration.directory)
        identity = try ServerIdentity(configuration, logger: logger)
        let accounts = try Accounts.loadOrMake(in: directory, cost: configuration.passwordCost)
        tls = try identity.tls()
        responder = RESTResponder(
            control: control, returnTimeoutSeconds: configuration.returnTimeoutSeconds,
            authenticator: Authenticator(accounts: accounts, cost: configuration.passwordCost),
            events: events, logger: logger)
        listening = Listening(count: configuration.listen.count)
        self.configuration = configuration
        self.logger = logger
        logger.info(
            "REST server ready",
            metadata: [
                "directory": "\(configuration.directory)", "certificate.end": "\(identity.end)",
                "certificate.names": .array(configuration.certificateNames.map { "\($0)" }),
            ])
    }

    /// Serves on all addresses; ends with an error when one of them cannot be listened on. Call it once.
    public func run() async throws {
        defer { listening.ended() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, endpoint) in configuration.listen.enumerated() {
                let application = try application(server: server(), endpoint: endpoint) { port in
                    listening.opened(index, port: port)
                    logger.info("REST server listens", metadata: ["host": "\(endpoint.host)", "port": "\(port)"])
                }
                group.addTask {
                    do {
                        try await application.run()
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        throw RESTStartError(
                            operation: "listen on \(endpoint.host) port \(endpoint.port)", message: "\(error)")
                    }
                }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(RESTConfiguration.reloadSeconds))
                    reload()
                }
            }
            // The first that ends, by an error or because the service does, ends all.
            defer { group.cancelAll() }
            for _ in configuration.listen { try await group.next() }
        }
    }

    /// Takes up certificates and accounts that are other ones on the disk by now.
    func reload() {
        identity.reload()
        responder.authenticator.reload(from: configuration.directory, logger: logger)
    }

    /// The ports that are listened on, in the order of the configuration's addresses.
    ///
    /// Waits until all are; `nil` when the server has ended first.
    public func ports() async -> [Int]? { await listening.ports() }

    /// The server behind one address; without TLS when a test says so.
    func application(
        server: HTTPServerBuilder, endpoint: RESTConfiguration.Endpoint, onPort: @escaping @Sendable (Int) -> Void
    ) -> Application<RESTResponder> {
        // Hummingbird's own lines say nothing that ours do not.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return Application(
            responder: responder, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(endpoint.host, port: endpoint.port), serverName: "Testudo",
                backlog: configuration.limits.backlogMaximum,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.limits.connectionsMaximum, logger: quiet)),
            onServerRunning: { channel in onPort(channel.localAddress?.port ?? 0) }, logger: quiet)
    }

    /// HTTP/1.1 within the limits, without TLS.
    func plainServer() -> HTTPServerBuilder { configuration.limits.server() }

    private func server() throws -> HTTPServerBuilder { try .tls(plainServer(), tlsConfiguration: tls) }
}
