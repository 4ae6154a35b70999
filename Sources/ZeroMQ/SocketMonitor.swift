internal import CZeroMQ

/// What happened to the connections of a socket (zmq_socket_monitor(3)).
public enum ConnectionEvent: Hashable, Sendable {
    /// Connected, and both sides know who the other is.
    case handshakeSucceeded
    /// The other side refused our key.
    case refused
    /// The other side is not who we want, or speaks something else.
    case handshakeFailed
    case disconnected
}

/// Reads the events of another socket. It must be read for as long as the socket lives.
public struct SocketMonitor: ~Copyable {
    public let socket: ZeroMQSocket

    /// `nil` where there is none. Never waits.
    public func next() throws(ZeroMQError) -> ConnectionEvent? {
        while let message = try socket.receive() {
            // The first frame: event (16 bits) and value (32 bits) in the machine's order.
            guard let frame = message.frames.first, frame.count >= 2 else { continue }
            switch Int32(frame[0]) | Int32(frame[1]) << 8 {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .handshakeSucceeded
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .handshakeFailed
            case ZMQ_EVENT_DISCONNECTED: return .disconnected
            default: continue
            }
        }
        return nil
    }

    fileprivate init(_ socket: consuming ZeroMQSocket) { self.socket = socket }
}

extension ZeroMQSocket {
    private static var events: Int32 {
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED
    }

    /// Begins to report connections; before the socket connects.
    ///
    /// - Parameter name: not used by another monitor of the context.
    public func monitor(name: String, in context: ZeroMQContext) throws(ZeroMQError) -> SocketMonitor {
        let endpoint = "inproc://monitor-\(name)"
        // Safe because the text lives for the time of the call.
        guard unsafe zmq_socket_monitor(handle, endpoint, Self.events) == 0 else { throw .last("monitor \(name)") }
        let reader = try ZeroMQSocket(.pair, in: context)
        try reader.connect(endpoint)
        return SocketMonitor(reader)
    }

    /// Ends the reports; before the monitor is closed, for libzmq's thread would wait for a reader for ever.
    public func stopMonitor() {
        // Safe because no endpoint means stop. It cannot fail on an open socket.
        _ = unsafe zmq_socket_monitor(handle, nil, 0)
    }
}
