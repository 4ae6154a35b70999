internal import CZeroMQ

/// A libzmq socket, owned by one actor and used on one thread.
///
/// Not `Sendable`: libzmq aborts the process where two threads use one socket (libzmq#4783).
@safe
public struct ZeroMQSocket: ~Copyable {
    public enum Kind: Sendable {
        case router, dealer, pair, reply, request

        var code: Int32 {
            switch self {
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .pair: ZMQ_PAIR
            case .reply: ZMQ_REP
            case .request: ZMQ_REQ
            }
        }
    }

    let handle: UnsafeMutableRawPointer
    private let context: ZeroMQContext

    /// Opens a socket that keeps nothing for later when it is closed (linger 0).
    public init(_ kind: Kind, in context: ZeroMQContext) throws(ZeroMQError) {
        // Safe because the pointer is checked before it is kept, and owned by this value.
        guard let handle = unsafe zmq_socket(context.handle, kind.code) else { throw .last("zmq_socket \(kind)") }
        var linger: Int32 = 0
        guard unsafe zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size) == 0 else {
            let error = ZeroMQError.last("ZMQ_LINGER")
            unsafe zmq_close(handle)
            throw error
        }
        unsafe self.handle = handle
        self.context = context
    }

    deinit {
        // Safe because nobody else has the pointer. Unsent messages are dropped; the context outlives the call.
        unsafe zmq_close(handle)
    }

    /// Listens, such as on `tcp://[fd77::1]:7740`; port `*` takes a free one.
    public func bind(_ endpoint: String) throws(ZeroMQError) {
        // Safe because the text lives for the time of the call.
        guard unsafe zmq_bind(handle, endpoint) == 0 else { throw .last("bind \(endpoint)") }
    }

    /// Begins to connect and returns at once; libzmq tries again by itself.
    public func connect(_ endpoint: String) throws(ZeroMQError) {
        // Safe because the text lives for the time of the call.
        guard unsafe zmq_connect(handle, endpoint) == 0 else { throw .last("connect \(endpoint)") }
    }

    /// The endpoint of the newest ``bind(_:)`` with its real port.
    public func lastEndpoint() throws(ZeroMQError) -> String {
        var text = [CChar](repeating: 0, count: 256)
        var count = text.count
        // Safe because libzmq writes at most `count` bytes and says how many.
        let result = unsafe text.withUnsafeMutableBytes { buffer in
            unsafe zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, buffer.baseAddress, &count)
        }
        guard result == 0 else { throw .last("ZMQ_LAST_ENDPOINT") }
        return String(decoding: text.prefix(max(0, count - 1)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Reads what happened since: libzmq looks at new connections in a send at most once a millisecond otherwise.
    public func isWritable() throws(ZeroMQError) -> Bool {
        var events: Int32 = 0
        var count = MemoryLayout<Int32>.size
        // Safe because both are variables of the sizes that the option has.
        guard unsafe zmq_getsockopt(handle, ZMQ_EVENTS, &events, &count) == 0 else { throw .last("ZMQ_EVENTS") }
        return events & ZMQ_POLLOUT != 0
    }
}
