internal import Glibc
internal import Ports
internal import XFRM

/// An errno's text, such as `File exists`.
func errnoText(_ code: Int32) -> String {
    // Safe because glibc's string lives at least until this thread's next such call.
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}

extension KernelError {
    /// The call that has just failed on this thread.
    static func last(_ operation: String) -> KernelError {
        let code = errno
        return KernelError(operation: operation, code: code, message: errnoText(code))
    }

    /// What the kernel answered to a request: the errno's text and its own words.
    init(_ acknowledgement: Acknowledgement, _ kind: MessageKind) {
        var message = errnoText(acknowledgement.code)
        if let words = acknowledgement.words { message += ": \(words)" }
        if let offset = acknowledgement.offset { message += " (byte \(offset) of the request)" }
        self.init(operation: kind.kernelName, code: acknowledgement.code, message: message)
    }

    /// A change that cannot be said in netlink.
    init(_ error: EncodingError, _ kind: MessageKind) {
        let reason =
            switch error {
            case .keyByteCount(let count): "a key has \(Algorithm.keyByteCount) bytes, this one \(count)"
            case .mixedFamilies: "IPv4 and IPv6 in one object"
            case .prefixLength(let length): "/\(length) is longer than an address"
            case .replayWindow(let window): "the kernel has no replay window of \(window) packets"
            case .readOnly: "a foreign object's shape is read, never written"
            case .room(let needed, let free): "the message needs \(needed) bytes, the buffer has \(free)"
            }
        self.init(operation: kind.kernelName, code: EINVAL, message: "\(errnoText(EINVAL)): \(reason)")
    }
}
