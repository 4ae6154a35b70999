internal import BusProtocol
internal import ZeroMQ

/// What the coordinator has open while its bus runs.
struct CoordinatorSockets: ~Copyable {
    /// CURVE has one domain here: every key is enrolled for the whole bus.
    private static let domain = "testudo"

    // Closed in this order: the router never lives without who admits its peers.
    let router: ZeroMQSocket
    let authenticator: Authenticator
    let endpoints: [String]

    /// Listens on every endpoint.
    ///
    /// There is no handover of routing ids: agents choose none, so a peer that brings a known one wants somebody
    /// else's messages.
    init(
        endpoints: [String], key: CurveKeyPair, admitted: [CurvePublicKey: String], in context: ZeroMQContext
    ) throws(BusError) {
        let authenticator = try BusError.transport { () throws(ZeroMQError) in
            try Authenticator(domain: Self.domain, admitted: admitted, in: context)
        }
        let router = try BusError.transport { () throws(ZeroMQError) in
            try Self.router(key: key, in: context)
        }
        var bound: [String] = []
        for endpoint in endpoints {
            do throws(ZeroMQError) {
                try router.bind(endpoint)
                bound.append(try router.lastEndpoint())
            } catch {
                throw .bind(endpoint: endpoint, reason: error.message)
            }
        }
        self.router = router
        self.authenticator = authenticator
        self.endpoints = bound
    }

    private static func router(
        key: CurveKeyPair, in context: ZeroMQContext
    ) throws(ZeroMQError) -> ZeroMQSocket {
        let router = try ZeroMQSocket(.router, in: context)
        let options: [SocketOption] = [
            .curveServer(key, domain: domain), .backlog(BusLimits.backlog), .ipv6(true), .routerMandatory(true),
            .routerHandover(false), .frameMaximum(Int64(WireLimits.agentFrameMaximum + BusLimits.curveOverhead)),
            .sendQueueMaximum(BusLimits.peerQueueMaximum), .receiveQueueMaximum(BusLimits.peerQueueMaximum),
            BusLimits.keepAlive, .handshakeTimeoutMilliseconds(BusLimits.handshakeTimeoutMilliseconds),
        ]
        for option in options { try router.set(option) }
        return router
    }

    func wait(_ wake: WakeDescriptor) throws(ZeroMQError) -> (router: Bool, authenticator: Bool) {
        let ready = try wake.wait(for: router, authenticator.socket, milliseconds: nil)
        return (ready.first, ready.second)
    }
}
