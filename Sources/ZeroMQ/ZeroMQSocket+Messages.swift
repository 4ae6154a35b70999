internal import CZeroMQ
internal import Glibc

/// A message as it was received.
public struct ReceivedMessage: Hashable, Sendable {
    /// No message of ours or of ZAP has more; the rest of a longer one is read and dropped.
    public static let framesMaximum = 8

    /// On a router the first is the sender's routing id.
    public var frames: [[UInt8]]
    /// What the authenticator named the sender, by its key; `nil` where there is none, or nobody asked.
    public var userID: String?
    /// Whether frames beyond the maximum were dropped.
    public var isCut: Bool
}

/// What became of a send that does not wait.
public enum SendResult: Hashable, Sendable {
    case sent
    /// The peer's queue is full, or no peer is connected: dropped.
    case full
    /// There is no such peer: dropped.
    case unreachable
}

extension ZeroMQSocket {
    /// A routing id and a body.
    private static let framesUsual = 2

    /// Reads one message; `nil` where there is none. Never waits.
    ///
    /// - Parameter namesSender: whether the authenticator's name of the sender is looked up.
    public func receive(namesSender: Bool = false) throws(ZeroMQError) -> ReceivedMessage? {
        var received = ReceivedMessage(frames: [], userID: nil, isCut: false)
        received.frames.reserveCapacity(Self.framesUsual)
        var message = zmq_msg_t()
        // Safe because the message is initialised here, closed at the end of this scope and not kept.
        guard unsafe zmq_msg_init(&message) == 0 else { throw .last("zmq_msg_init") }
        defer { _ = unsafe zmq_msg_close(&message) }
        repeat {
            guard unsafe zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) >= 0 else {
                let code = zmq_errno()
                // Interrupted counts as nothing there: the next turn asks again. Frames of a message come together.
                if code == EAGAIN || code == EINTR { return nil }
                throw ZeroMQError(operation: "receive", code: code)
            }
            if received.frames.count < ReceivedMessage.framesMaximum {
                received.frames.append(Self.bytes(&message))
            } else {
                received.isCut = true
            }
            if namesSender, received.userID == nil, let userID = unsafe zmq_msg_gets(&message, "User-Id") {
                // Safe because the text lives as long as the message, and is copied.
                received.userID = unsafe String(cString: userID)
            }
        } while unsafe zmq_msg_more(&message) != 0
        return received
    }

    /// Sends frames as one message. Never waits.
    public func send(_ frames: [[UInt8]]) throws(ZeroMQError) -> SendResult {
        for (index, frame) in frames.enumerated() {
            let isLast = index == frames.count - 1
            let result = try send(frame, flags: isLast ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE)
            // Only the first frame can be refused: libzmq takes a message whole.
            guard result == .sent else { return result }
        }
        return .sent
    }

    /// Sends a shared frame, to one peer of a router where a routing id is given. Never waits.
    public func send(_ frame: borrowing SharedFrame, to routingID: [UInt8]? = nil) throws(ZeroMQError) -> SendResult {
        if let routingID {
            let result = try send(routingID, flags: ZMQ_DONTWAIT | ZMQ_SNDMORE)
            guard result == .sent else { return result }
        }
        var copy = zmq_msg_t()
        // Safe because the copy is initialised here; libzmq owns it once it was sent, else it is closed.
        guard unsafe zmq_msg_init(&copy) == 0, unsafe zmq_msg_copy(&copy, frame.message) == 0 else {
            throw .last("zmq_msg_copy")
        }
        if unsafe zmq_msg_send(&copy, handle, ZMQ_DONTWAIT) >= 0 { return .sent }
        let code = zmq_errno()
        _ = unsafe zmq_msg_close(&copy)
        return try Self.result(code)
    }

    private func send(_ bytes: [UInt8], flags: Int32) throws(ZeroMQError) -> SendResult {
        // Safe because libzmq copies the bytes during the call.
        let count = unsafe bytes.withUnsafeBytes { unsafe zmq_send(handle, $0.baseAddress, $0.count, flags) }
        return count >= 0 ? .sent : try Self.result(zmq_errno())
    }

    private static func result(_ code: Int32) throws(ZeroMQError) -> SendResult {
        switch code {
        case EAGAIN, EINTR: return .full
        case EHOSTUNREACH: return .unreachable
        default: throw ZeroMQError(operation: "send", code: code)
        }
    }

    private static func bytes(_ message: inout zmq_msg_t) -> [UInt8] {
        // Safe because pointer and size are those of the message, which is not changed meanwhile.
        let count = unsafe zmq_msg_size(&message)
        guard count > 0, let data = unsafe zmq_msg_data(&message) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: count))
    }
}
