internal import BusProtocol
package import ZeroMQ

/// How agents are connected.
package enum AgentDealer {
    /// An agent's socket, not connected yet.
    package static func socket(
        server: CurvePublicKey, key: CurveKeyPair, in context: ZeroMQContext
    ) throws(ZeroMQError) -> ZeroMQSocket {
        let dealer = try ZeroMQSocket(.dealer, in: context)
        let options: [SocketOption] = [
            .curveClient(key, server: server), .ipv6(true),
            // Nothing is kept for a coordinator that is not there: it asks again when it is back.
            .immediate(true), .frameMaximum(Int64(WireLimits.coordinatorFrameMaximum + BusLimits.curveOverhead)),
            .sendQueueMaximum(BusLimits.peerQueueMaximum), .receiveQueueMaximum(BusLimits.peerQueueMaximum),
            BusLimits.keepAlive,
            .reconnect(
                intervalMilliseconds: Int32.random(in: BusLimits.reconnectMilliseconds),
                maximumMilliseconds: BusLimits.reconnectMaximumMilliseconds),
            .connectTimeoutMilliseconds(BusLimits.connectTimeoutMilliseconds),
            .handshakeTimeoutMilliseconds(BusLimits.handshakeTimeoutMilliseconds),
        ]
        for option in options { try dealer.set(option) }
        return dealer
    }
}
