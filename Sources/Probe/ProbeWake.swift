internal import CLinux
internal import Glibc
internal import Ports

/// An eventfd that ends a session's wait for its sockets early. Any thread signals, the session's waits.
final class ProbeWake: Sendable {
    private let descriptor: Int32

    init() throws(ProbeError) {
        let descriptor = testudo_event_descriptor()
        guard descriptor >= 0 else { throw ProbeError(operation: "eventfd", message: errnoText(-descriptor)) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Ends the present wait, or the next one.
    func signal() {
        var one: UInt64 = 1
        // Safe because an eventfd takes exactly 8 bytes. A full counter is signalled already.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits for a signal, for a socket to have something to read, or for the time to pass; an interrupted wait counts as
    /// one that has passed, and the caller waits again.
    func wait(for sockets: [ProbeSocket], milliseconds: Int32) {
        var items = ([descriptor] + sockets.map(\.descriptor)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        // Safe because the count is that of the array; an eventfd gives exactly 8 bytes and does not block.
        _ = unsafe items.withUnsafeMutableBufferPointer {
            unsafe poll($0.baseAddress, nfds_t($0.count), milliseconds)
        }
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
