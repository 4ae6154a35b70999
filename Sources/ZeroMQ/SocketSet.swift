internal import CLinux
internal import CZeroMQ
internal import Glibc

/// Waits for any of many sockets, in time that grows with those that have something to say and not with those that wait.
///
/// A socket's descriptor tells of a change once (zmq_getsockopt(3), ZMQ_FD): who is named by ``wait(milliseconds:)`` reads
/// until nothing is left and looks at ``ZeroMQSocket/isWritable()`` last; so does, after it sends, who was not named.
public struct SocketSet: ~Copyable {
    /// Named in one go.
    public static let readyMaximum = 256

    private let descriptor: Int32

    public init() throws(ZeroMQError) {
        descriptor = testudo_ready_set()
        guard descriptor >= 0 else { throw ZeroMQError(operation: "epoll_create1", code: -descriptor) }
    }

    deinit { close(descriptor) }

    /// - Parameter name: what ``wait(milliseconds:)`` calls it.
    public func add(_ socket: borrowing ZeroMQSocket, as name: Int) throws(ZeroMQError) {
        var own: Int32 = -1
        var count = MemoryLayout<Int32>.size
        // Safe because both are variables of the sizes that the option has.
        guard unsafe zmq_getsockopt(socket.handle, ZMQ_FD, &own, &count) == 0 else { throw .last("ZMQ_FD") }
        let code = testudo_ready_add(descriptor, own, UInt64(name))
        guard code == 0 else { throw ZeroMQError(operation: "epoll_ctl", code: code) }
    }

    /// The names of sockets that have changed; none where the time was over first or the wait was interrupted.
    public func wait(milliseconds: Int) throws(ZeroMQError) -> [Int] {
        var names = [UInt64](repeating: 0, count: Self.readyMaximum)
        // Safe because at most as many names are written as the array has.
        let count = unsafe testudo_ready_wait(descriptor, &names, Int32(names.count), Int32(clamping: milliseconds))
        guard count >= 0 || count == -EINTR else { throw ZeroMQError(operation: "epoll_wait", code: -count) }
        return names.prefix(Int(max(0, count))).map { Int($0) }
    }
}
