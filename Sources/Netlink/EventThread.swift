internal import CLinux
internal import Glibc
internal import Ports

/// Tells of changes that others make, on a thread of its own: the wait for them blocks.
///
/// The thread ends when this object goes, after it has told what came before.
final class EventThread: Sendable {
    let disturbances: AsyncStream<Void>
    private let stop: StopSignal

    /// Opens the socket in the calling thread's network namespace and begins to listen.
    ///
    /// - Parameter port: of the socket whose changes disturb nobody.
    init(ignoring port: UInt32, bufferByteCount: Int32) throws(KernelError) {
        let socket = try EventSocket(ignoring: port, bufferByteCount: bufferByteCount)
        stop = try StopSignal()
        let (stream, input) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        disturbances = stream
        try EventLoop(socket: socket, stop: stop, input: input).start()
    }

    deinit { stop.send() }
}

/// What the thread does.
private final class EventLoop: Sendable {
    private let socket: EventSocket
    private let stop: StopSignal
    private let input: AsyncStream<Void>.Continuation

    init(socket: consuming EventSocket, stop: StopSignal, input: AsyncStream<Void>.Continuation) {
        self.socket = socket
        self.stop = stop
        self.input = input
    }

    func start() throws(KernelError) {
        var attributes = pthread_attr_t()
        var identifier = pthread_t()
        // Safe because the thread gets a reference of its own, which it takes over, or which is given back here.
        unsafe pthread_attr_init(&attributes)
        defer { _ = unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let reference = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(&identifier, &attributes, Self.main, reference.toOpaque())
        guard code == 0 else {
            unsafe reference.release()
            throw KernelError(operation: "pthread_create", code: code, message: errnoText(code))
        }
    }

    // Safe because the argument is the reference that start passed, and it is taken over exactly once.
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }

    private func run() {
        // Safe because the text is copied during the call.
        unsafe testudo_name_thread("testudo-xfrm")
        var isStopped = false
        while !isStopped {
            isStopped = stop.wait(or: socket.descriptor)
            // A socket that fails cannot be waited for again: the stream's end says so.
            guard let heard = try? socket.drain() else { break }
            if !heard.isNothing { input.yield() }
        }
        input.finish()
    }
}

/// An eventfd that ends a thread's wait. Both sides hold it, so that neither writes to a number that was given anew.
private final class StopSignal: Sendable {
    private let descriptor: Int32

    init() throws(KernelError) {
        descriptor = testudo_event_descriptor()
        guard descriptor >= 0 else {
            throw KernelError(operation: "eventfd", code: -descriptor, message: errnoText(-descriptor))
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func send() {
        var one: UInt64 = 1
        // Safe because an eventfd takes exactly 8 bytes.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits for the signal or for something to read; whether it was the signal.
    func wait(or other: Int32) -> Bool {
        var items: [2 of pollfd] = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        var span = items.mutableSpan
        // Safe because the count is that of the items. Interrupted counts as nothing: the caller looks and waits again.
        _ = unsafe span.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, nfds_t($0.count), -1) }
        return items[0].revents != 0
    }
}
