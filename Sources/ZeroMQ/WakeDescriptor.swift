internal import CLinux
internal import CZeroMQ
internal import Glibc

/// An eventfd that ends a wait for sockets early. Any thread signals, one waits.
public final class WakeDescriptor: Sendable {
    private let descriptor: Int32

    public init() throws(ZeroMQError) {
        descriptor = testudo_event_descriptor()
        guard descriptor >= 0 else { throw ZeroMQError(operation: "eventfd", code: -descriptor) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Ends the present wait, or the next one.
    public func signal() {
        var one: UInt64 = 1
        // Safe because an eventfd takes exactly 8 bytes. A full counter is signalled already.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits for a signal alone.
    public func wait() {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Safe because there is one item. Interrupted counts as woken: the caller looks and waits again.
        _ = unsafe poll(&item, 1, -1)
        clear()
    }

    /// Waits for a signal, for either socket to have something to read, or for the time; `nil` waits without limit.
    ///
    /// An interrupted wait answers like one that ran out.
    public func wait(
        for first: borrowing ZeroMQSocket, _ second: borrowing ZeroMQSocket, milliseconds: Int?
    ) throws(ZeroMQError) -> (first: Bool, second: Bool) {
        let readable = Int16(ZMQ_POLLIN)
        // Safe because the sockets are borrowed for longer than the call, and the count is that of the array.
        var items: [3 of zmq_pollitem_t] = unsafe [
            zmq_pollitem_t(socket: nil, fd: descriptor, events: readable, revents: 0),
            zmq_pollitem_t(socket: first.handle, fd: 0, events: readable, revents: 0),
            zmq_pollitem_t(socket: second.handle, fd: 0, events: readable, revents: 0),
        ]
        var span = unsafe items.mutableSpan
        let result = unsafe span.withUnsafeMutableBufferPointer {
            unsafe zmq_poll($0.baseAddress, Int32($0.count), milliseconds ?? -1)
        }
        if result < 0 {
            let code = zmq_errno()
            guard code == EINTR else { throw ZeroMQError(operation: "zmq_poll", code: code) }
            return (false, false)
        }
        if unsafe items[0].revents != 0 { clear() }
        return unsafe (items[1].revents != 0, items[2].revents != 0)
    }

    private func clear() {
        var count: UInt64 = 0
        // Safe because an eventfd gives exactly 8 bytes; it does not block.
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
