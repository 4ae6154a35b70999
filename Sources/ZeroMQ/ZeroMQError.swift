internal import CZeroMQ

/// What libzmq answered to one call.
public struct ZeroMQError: Error, Hashable, Sendable {
    /// The call and what it was for, such as `bind tcp://10.77.0.254:7740`.
    public var operation: String
    /// An errno, or one of libzmq's own numbers above it (zmq.h, ZMQ_HAUSNUMERO).
    public var code: Int32
    public var message: String

    public init(operation: String, code: Int32, message: String) {
        self.operation = operation
        self.code = code
        self.message = message
    }

    /// The calling thread's newest error.
    static func last(_ operation: String) -> ZeroMQError { ZeroMQError(operation: operation, code: zmq_errno()) }

    init(operation: String, code: Int32) {
        // Safe because the text is libzmq's own constant; it is copied at once.
        let message = unsafe zmq_strerror(code).map { unsafe String(cString: $0) }
        self.init(operation: operation, code: code, message: message ?? "error \(code)")
    }
}

extension ZeroMQError: CustomStringConvertible {
    public var description: String { "\(operation): \(message)" }
}
