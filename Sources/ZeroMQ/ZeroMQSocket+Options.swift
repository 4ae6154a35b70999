internal import CZeroMQ
internal import MeshKeys

/// What can be set on a socket before it binds or connects (zmq_setsockopt(3)).
public enum SocketOption: Sendable {
    /// Messages that wait for one peer; beyond it a send answers `full`.
    case sendQueueMaximum(Int32)
    /// Messages of one peer that wait to be read; beyond it the peer's TCP waits.
    case receiveQueueMaximum(Int32)
    /// In bytes; a peer that sends a longer frame is disconnected.
    case frameMaximum(Int64)
    /// The name under which a router knows this socket; without it the router chooses one.
    case routingID([UInt8])
    /// Connections that wait to be accepted: libzmq's own 100 turns a restart into half a minute.
    case backlog(Int32)
    /// IPv6 beside IPv4.
    case ipv6(Bool)
    /// Queue only toward peers that completed the handshake.
    case immediate(Bool)
    /// A send to a peer that is gone says so, instead of dropping in silence.
    case routerMandatory(Bool)
    /// A second connection under a known routing id takes it over.
    case routerHandover(Bool)
    /// TCP asks a peer that is silent for so long (tcp(7), TCP_KEEPIDLE), again and again; one that answers none of it, or that
    /// acknowledges no data for as long in all (TCP_USER_TIMEOUT), is disconnected.
    case keepAlive(idleSeconds: Int32, intervalSeconds: Int32, count: Int32)
    /// The first wait before connecting again, doubled up to the maximum; libzmq adds a random part to each.
    case reconnect(intervalMilliseconds: Int32, maximumMilliseconds: Int32)
    /// How long one attempt to connect may take.
    case connectTimeoutMilliseconds(Int32)
    /// How long a handshake may take.
    case handshakeTimeoutMilliseconds(Int32)
    /// CURVE (RFC 26/CurveZMQ), as the side that authenticates.
    case curveServer(CurveKeyPair, domain: String)
    /// CURVE, as the side that knows whom it wants.
    case curveClient(CurveKeyPair, server: CurvePublicKey)
}

extension ZeroMQSocket {
    /// ZMQ_ZAP_ENFORCE_DOMAIN: without an authenticator nobody gets in, instead of everybody. libzmq 4.3.4 takes it, but
    /// zmq.h shows its name to draft builds only.
    private static let enforceDomain: Int32 = 93

    public func set(_ option: SocketOption) throws(ZeroMQError) {
        switch option {
        case .sendQueueMaximum(let value): try set(ZMQ_SNDHWM, value)
        case .receiveQueueMaximum(let value): try set(ZMQ_RCVHWM, value)
        case .frameMaximum(let value): try set(ZMQ_MAXMSGSIZE, value)
        case .routingID(let bytes): try set(ZMQ_ROUTING_ID, bytes)
        case .backlog(let value): try set(ZMQ_BACKLOG, value)
        case .ipv6(let isOn): try set(ZMQ_IPV6, isOn)
        case .immediate(let isOn): try set(ZMQ_IMMEDIATE, isOn)
        case .routerMandatory(let isOn): try set(ZMQ_ROUTER_MANDATORY, isOn)
        case .routerHandover(let isOn): try set(ZMQ_ROUTER_HANDOVER, isOn)
        case .keepAlive(let idle, let interval, let count):
            try set(ZMQ_TCP_KEEPALIVE, true)
            try set(ZMQ_TCP_KEEPALIVE_IDLE, idle)
            try set(ZMQ_TCP_KEEPALIVE_INTVL, interval)
            try set(ZMQ_TCP_KEEPALIVE_CNT, count)
            try set(ZMQ_TCP_MAXRT, (idle + interval * count) * 1_000)
        case .reconnect(let interval, let maximum):
            try set(ZMQ_RECONNECT_IVL, interval)
            try set(ZMQ_RECONNECT_IVL_MAX, maximum)
        case .connectTimeoutMilliseconds(let value): try set(ZMQ_CONNECT_TIMEOUT, value)
        case .handshakeTimeoutMilliseconds(let value): try set(ZMQ_HANDSHAKE_IVL, value)
        case .curveServer(let keys, let domain):
            try set(ZMQ_CURVE_SERVER, true)
            try set(ZMQ_CURVE_SECRETKEY, keys.secret)
            try set(ZMQ_ZAP_DOMAIN, Array(domain.utf8))
            try set(Self.enforceDomain, true)
        case .curveClient(let keys, let server):
            try set(ZMQ_CURVE_SERVERKEY, server.bytes)
            try set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes)
            try set(ZMQ_CURVE_SECRETKEY, keys.secret)
        }
    }

    private func set(_ option: Int32, _ isOn: Bool) throws(ZeroMQError) { try set(option, Int32(isOn ? 1 : 0)) }

    private func set<Number: FixedWidthInteger>(_ option: Int32, _ value: Number) throws(ZeroMQError) {
        var value = value
        // Safe because libzmq reads exactly the size of the number.
        let result = unsafe zmq_setsockopt(handle, option, &value, MemoryLayout<Number>.size)
        guard result == 0 else { throw .last("socket option \(option)") }
    }

    private func set(_ option: Int32, _ bytes: [UInt8]) throws(ZeroMQError) {
        // Safe because libzmq reads exactly the count of bytes.
        let result = unsafe bytes.withUnsafeBytes {
            unsafe zmq_setsockopt(handle, option, $0.baseAddress, $0.count)
        }
        guard result == 0 else { throw .last("socket option \(option)") }
    }

    private func set(_ option: Int32, _ secret: Secret) throws(ZeroMQError) {
        let result = secret.withBytes { bytes in
            // Safe because libzmq reads exactly the count of bytes, into memory of its own.
            unsafe bytes.withUnsafeBytes { unsafe zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        }
        guard result == 0 else { throw .last("socket option \(option)") }
    }
}
