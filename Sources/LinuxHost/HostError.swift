internal import Glibc

/// What a file or setting of this machine has wrong, in words for its operator.
public struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }

    /// A system call's failure.
    init(_ operation: String, errno code: Int32) {
        // Safe because strerror answers a C string, which is copied at once.
        description = "\(operation): " + (unsafe strerror(code).map { unsafe String(cString: $0) } ?? "errno \(code)")
    }
}
