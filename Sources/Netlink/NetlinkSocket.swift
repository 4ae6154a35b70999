internal import CLinux
internal import CMnl
internal import Glibc
internal import Ports
internal import XFRM

/// One NETLINK_XFRM socket. It belongs to the network namespace of the thread that opens it, for good.
///
/// Received and sent bytes may hold keys (the kernel returns them in dumps): buffers are wiped after every use.
@safe
struct NetlinkSocket: ~Copyable {
    /// The kernel makes dump messages at most so long, for a reader with room for them.
    private static let receiveByteCount = 32 * 1_024
    /// Room for many chunks and the errors of all their messages; without privilege the system's default still holds one
    /// chunk's.
    private static let kernelBufferByteCount: Int32 = 4 * 1_024 * 1_024
    /// The kernel answers before `send` returns: a reply that is not there within this time was lost.
    private static let replyTimeoutSeconds = 5
    /// How often one read may be interrupted by signals, and one dump by changes, before that is an error.
    private static let interruptionsMaximum = 16
    /// More objects of one sort than any host has reason to hold.
    static let objectsMaximum = 1_000_000

    /// What the kernel calls this socket; our changes carry it, and so do the events that they cause.
    let port: UInt32
    private let socket: OpaquePointer
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private var sequence: UInt32 = 0

    /// - Parameter answersByteCount: how much the kernel keeps of answers that are not read yet.
    init(answersByteCount: Int32 = kernelBufferByteCount) throws(KernelError) {
        // Safe because the socket is closed in deinit only, or here where no instance is made.
        guard let socket = unsafe mnl_socket_open2(NETLINK_XFRM, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw .last("socket NETLINK_XFRM")
        }
        do throws(KernelError) {
            guard unsafe mnl_socket_bind(socket, 0, 0) == 0 else { throw .last("bind NETLINK_XFRM") }
            for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK] {
                var on: Int32 = 1
                guard unsafe mnl_socket_setsockopt(socket, Int32(option), &on, 4) == 0 else {
                    throw .last("setsockopt SOL_NETLINK \(option)")
                }
            }
            try Self.configure(unsafe mnl_socket_get_fd(socket), answersByteCount)
        } catch {
            _ = unsafe mnl_socket_close(socket)
            throw error
        }
        port = unsafe mnl_socket_get_portid(socket)
        unsafe self.socket = socket
        // Safe because bytes are read only as far as the kernel has written them; untouched pages stay free.
        unsafe buffer = UnsafeMutableBufferPointer.allocate(capacity: Self.receiveByteCount)
    }

    deinit {
        // Safe because nothing else holds the socket or the buffer.
        _ = unsafe mnl_socket_close(socket)
        unsafe buffer.deallocate()
    }

    private static func configure(_ descriptor: Int32, _ answersByteCount: Int32) throws(KernelError) {
        let length = socklen_t(MemoryLayout<Int32>.size)
        for (forced, plain, byteCount) in [
            (SO_RCVBUFFORCE, SO_RCVBUF, answersByteCount), (SO_SNDBUFFORCE, SO_SNDBUF, kernelBufferByteCount),
        ] {
            // Safe because setsockopt reads the option's value only during the call.
            var size = byteCount
            if unsafe setsockopt(descriptor, SOL_SOCKET, forced, &size, length) != 0 {
                _ = unsafe setsockopt(descriptor, SOL_SOCKET, plain, &size, length) // As much as the system allows.
            }
        }
        var timeout = timeval(tv_sec: replyTimeoutSeconds, tv_usec: 0)
        let timeoutLength = socklen_t(MemoryLayout<timeval>.size)
        guard unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, timeoutLength) == 0 else {
            throw .last("setsockopt SO_RCVTIMEO")
        }
    }

    /// The first of `count` sequence numbers that nobody has used yet on this socket. 0 is never one.
    mutating func reserve(_ count: Int) -> UInt32 {
        let reserved = UInt32(count)
        if sequence > UInt32.max - reserved - 1 { sequence = 0 }
        let first = sequence + 1
        sequence += reserved
        return first
    }

    /// Sends whole messages, the last of which asks to be acknowledged, and waits until that one is answered.
    ///
    /// The kernel takes the messages of one send in their order, answers errors unasked, and does both before the send
    /// returns. An answer that the socket has no room for takes all later ones of the send along, the last one too, and
    /// one that finds no memory makes the next read fail: who has the last answer and no ENOBUFS lacks no error.
    ///
    /// - Parameters:
    ///   - messages: `count` messages one after the other, with sequence numbers from `first`. Wiped by the caller.
    ///   - operation: what an error of the socket itself is said of.
    ///   - each: sees the kind and the payload of what the kernel says beside acknowledgements and errors.
    /// - Returns: the errors, each with its message's place among those that were sent.
    func transact(
        _ messages: borrowing [UInt8], first: UInt32, count: Int, operation: String,
        each: (UInt16, Span<UInt8>) -> Void = { _, _ in }
    ) throws(KernelError) -> [(index: Int, error: Acknowledgement)] {
        try send(messages, operation)
        var errors: [(index: Int, error: Acknowledgement)] = []
        var isComplete = false
        while !isComplete {
            let byteCount = try receive(operation)
            defer { wipe(byteCount) }
            // Safe because the buffer lives as long as the socket and the span ends with this turn.
            let bytes = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: buffer.baseAddress, count: byteCount))
            var offset = 0
            while let header = NetlinkHeader(bytes, at: offset) {
                offset = header.end
                // An answer to an earlier call that gave up is nobody's any more.
                guard header.sequence >= first, Int(header.sequence - first) < count else { continue }
                guard header.kind == ControlKind.error else {
                    each(header.kind, bytes.extracting(header.payload))
                    continue
                }
                guard let answer = Acknowledgement(decoding: bytes.extracting(header.payload), flags: header.flags)
                else { continue }
                let index = Int(header.sequence - first)
                if answer.code != 0 { errors.append((index, answer)) }
                if index == count - 1 { isComplete = true }
            }
        }
        return errors
    }

    /// Single objects: each request's answer, if it has one, and then its acknowledgement.
    ///
    /// - Parameter each: sees the kind and the payload of every answer.
    /// - Returns: the errors, each with its request's place.
    mutating func read(
        _ requests: ArraySlice<ObjectID>, each: (UInt16, Span<UInt8>) -> Void
    ) throws(KernelError) -> [(index: Int, error: Acknowledgement)] {
        let first = reserve(requests.count)
        let messages: [UInt8]
        do throws(EncodingError) {
            let capacity = requests.reduce(0) { $0 + $1.messageByteCount }
            messages = try [UInt8](capacity: capacity) { output throws(EncodingError) in
                for (index, request) in requests.enumerated() {
                    try request.encode(sequence: first + UInt32(index), into: &output)
                }
            }
        } catch { throw KernelError(error, .getAssociation) }
        return try transact(messages, first: first, count: requests.count, operation: "netlink batch", each: each)
    }

    /// All objects of one sort, foreign ones included; what `decode` answers `nil` for is left out.
    mutating func dump<Object>(
        _ request: DumpRequest, decode: (Span<UInt8>) -> Object?
    ) throws(KernelError) -> [Object] {
        for _ in 0..<Self.interruptionsMaximum {
            if let objects = try attemptDump(request, decode: decode) { return objects }
        }
        throw KernelError(
            operation: request.messageKind.kernelName, code: EINTR,
            message: "\(errnoText(EINTR)): the table changed during \(Self.interruptionsMaximum) dumps")
    }

    /// `nil` where the table changed meanwhile.
    private mutating func attemptDump<Object>(
        _ request: DumpRequest, decode: (Span<UInt8>) -> Object?
    ) throws(KernelError) -> [Object]? {
        let operation = request.messageKind.kernelName
        let sequence = reserve(1)
        let message: [UInt8]
        do throws(EncodingError) {
            message = try [UInt8](capacity: DumpRequest.messageByteCount) { output throws(EncodingError) in
                try request.encode(sequence: sequence, into: &output)
            }
        } catch { throw KernelError(error, request.messageKind) }
        try send(message, operation)
        var objects: [Object] = []
        var isInterrupted = false
        while true {
            let byteCount = try receive(operation)
            defer { wipe(byteCount) }
            // Safe because the buffer lives as long as the socket and the span ends with this turn.
            let bytes = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: buffer.baseAddress, count: byteCount))
            var offset = 0
            while let header = NetlinkHeader(bytes, at: offset) {
                offset = header.end
                guard header.sequence == sequence else { continue }
                if header.flags & MessageFlags.dumpInterrupted != 0 { isInterrupted = true }
                let payload = bytes.extracting(header.payload)
                switch header.kind {
                case ControlKind.done: return isInterrupted ? nil : objects
                case ControlKind.error:
                    guard let answer = Acknowledgement(decoding: payload, flags: header.flags), answer.code != 0
                    else { continue }
                    throw KernelError(answer, request.messageKind)
                case request.answerKind.rawValue:
                    guard objects.count < Self.objectsMaximum else {
                        throw KernelError(
                            operation: operation, code: EOVERFLOW,
                            message: "\(errnoText(EOVERFLOW)): more than \(Self.objectsMaximum) objects")
                    }
                    if let object = decode(payload) { objects.append(object) }
                default: continue // Nothing else is part of a dump.
                }
            }
        }
    }

    private func send(_ messages: borrowing [UInt8], _ operation: String) throws(KernelError) {
        // Safe because the kernel copies the bytes during the call.
        let sent = unsafe messages.withUnsafeBytes { unsafe mnl_socket_sendto(socket, $0.baseAddress, $0.count) }
        guard sent == messages.count else { throw .last(operation) }
    }

    /// Fills the buffer with the next datagram; how many bytes it has.
    private func receive(_ operation: String) throws(KernelError) -> Int {
        for _ in 0..<Self.interruptionsMaximum {
            // Safe because the call writes no more than the buffer's length.
            let count = unsafe mnl_socket_recvfrom(socket, buffer.baseAddress, buffer.count)
            if count > 0 { return count }
            if count == 0 { break }
            if errno == EAGAIN {
                throw KernelError(operation: operation, code: ETIMEDOUT, message: "the kernel's answer did not come")
            }
            if errno == EINTR { continue }
            let error = KernelError.last(operation)
            if error.code == ENOBUFS { dropAnswers() }
            throw error
        }
        throw .last(operation)
    }

    /// Empties a socket that had no room for an answer: until it is empty the kernel gives it no other.
    private func dropAnswers() {
        // Safe because the socket is ours. Not a byte is asked for: the rest of a message goes with it.
        let descriptor = unsafe mnl_socket_get_fd(socket)
        while recv(descriptor, nil, 0, Int32(MSG_DONTWAIT)) >= 0 {}
    }

    private func wipe(_ count: Int) {
        // Safe because count is what receive wrote into the buffer.
        unsafe testudo_wipe(buffer.baseAddress, count)
    }
}
