internal import CZeroMQ

/// One encoded frame that is sent to many peers and copied for none of them: libzmq counts the references.
@safe
public struct SharedFrame: ~Copyable {
    let message: UnsafeMutablePointer<zmq_msg_t>
    /// In bytes.
    public let count: Int

    /// Copies the bytes once.
    public init(_ bytes: [UInt8]) throws(ZeroMQError) {
        // Safe because the message is initialised before anything else sees it, and written within its size.
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        guard unsafe zmq_msg_init_size(message, bytes.count) == 0 else {
            unsafe message.deallocate()
            throw .last("zmq_msg_init_size \(bytes.count)")
        }
        if let data = unsafe zmq_msg_data(message) {
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(start: data, count: bytes.count).copyMemory(from: source)
            }
        }
        unsafe self.message = message
        count = bytes.count
    }

    deinit {
        // Safe because the message is ours; frames under way hold references of their own.
        unsafe zmq_msg_close(message)
        unsafe message.deallocate()
    }
}
