internal import CLinux

/// Bytes that must not be seen: they print as `<redacted>` and are wiped when the last reference goes.
///
/// Not comparable with `==`; there is no way to get the bytes out but ``withBytes(_:)``.
@safe
public final class Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Safe because the buffer is written once in init, never after, and freed in deinit only.
    private nonisolated(unsafe) let storage: UnsafeMutableBufferPointer<UInt8>

    /// Copies the bytes. The caller wipes its own copy.
    public init(copying bytes: Span<UInt8>) {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        for index in bytes.indices { unsafe buffer.initializeElement(at: index, to: bytes[index]) }
        unsafe storage = buffer
    }

    deinit {
        // Safe because the memory is ours until deallocate.
        unsafe testudo_wipe(storage.baseAddress, storage.count)
        unsafe storage.deallocate()
    }

    public var count: Int { unsafe storage.count }

    /// Lends the bytes; they must not be copied into anything that outlives the call without being wiped.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Safe because the storage outlives the borrow.
        try body(unsafe Span(_unsafeElements: UnsafeBufferPointer(storage)))
    }

    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
