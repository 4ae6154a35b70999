/// The files that may hold unsafe code, and why each must.
enum UnsafeList {
    /// By path: the reason that Span, Mutex and actors do not serve there.
    static let files: [String: String] = [
        "Sources/LinuxHost/BootClock.swift": "clock_gettime fills a C struct",
        "Sources/LinuxHost/HostError.swift": "strerror answers a C string",
        "Sources/LinuxHost/HostFile.swift":
            "open, fstat, read and write take pointers; Foundation would cost the agent 50 MiB",
        "Sources/MeshKeys/IdentityKey.swift": "a private key goes from Secret to Crypto without an Array on the way",
        "Sources/MeshKeys/KeyAgreement.swift":
            "shared secrets come out of Crypto as raw buffers; no Array may keep them",
        "Sources/MeshKeys/Secret.swift":
            "key bytes must be wiped before they are freed, which an Array does not promise",
        "Sources/MeshKeys/Wipe.swift": "explicit_bzero takes a pointer",
        "Sources/Netlink/EncodedBatch.swift": "a batch that held keys is wiped where it lies",
        "Sources/Netlink/Errno.swift": "strerror answers a C string",
        "Sources/Netlink/NetlinkSocket.swift":
            "libmnl takes and answers pointers; its receive buffer is lent as a Span",
        "Sources/Netlink/ProcFile.swift":
            "open, read and readdir take pointers; Foundation would cost the agent 50 MiB",
    ]
}
