internal import CZeroMQ
internal import Glibc

/// libzmq's threads and sockets; one a process.
///
/// Every socket holds its context, so the context ends after the last socket: the other order would wait for ever.
@safe
public final class ZeroMQContext: Sendable {
    // Safe because libzmq's contexts are made for use from any thread, and this one ends in deinit only.
    nonisolated(unsafe) let handle: UnsafeMutableRawPointer

    /// - Parameter socketsMaximum: how many sockets it may hold, libzmq's inner ones included; connections do not count.
    public init(socketsMaximum: Int32 = 64) throws(ZeroMQError) {
        // Safe because the pointer is checked before it is kept, and owned by this object.
        guard let handle = unsafe zmq_ctx_new() else { throw .last("zmq_ctx_new") }
        unsafe self.handle = handle
        guard unsafe zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, socketsMaximum) == 0 else { throw .last("ZMQ_MAX_SOCKETS") }
    }

    deinit {
        // Safe because no socket of it is left: each holds a reference. A signal may interrupt the wait.
        while unsafe zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
    }
}
