internal import Glibc
internal import Ports

/// An errno's text, such as `Address already in use`.
func errnoText(_ code: Int32) -> String {
    // Safe because glibc's string lives at least until this thread's next such call.
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}

extension ProbeError {
    /// The call that has just failed on this thread.
    static func last(_ operation: String) -> ProbeError {
        ProbeError(operation: operation, message: errnoText(errno))
    }
}
