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
        "Sources/Netlink/EventSocket.swift": "socket options, bind and recv take pointers",
        "Sources/Netlink/EventThread.swift": "a pthread that may block, and an eventfd that ends it",
        "Sources/LinuxHost/InterfaceAddresses.swift": "getifaddrs answers a list of C structs",
        "Sources/LinuxHost/KeyDaemons.swift":
            "readdir and readlink take pointers; Foundation would cost the agent 50 MiB",
        "Tests/LinuxHost/Namespace.swift": "setns takes a C string",
        "Sources/Netlink/NetlinkSocket.swift":
            "libmnl takes and answers pointers; its receive buffer is lent as a Span",
        "Sources/Netlink/ProcFile.swift":
            "open, read and readdir take pointers; Foundation would cost the agent 50 MiB",
        "Sources/XFRM/Wire.swift": "numbers are stored and loaded whole: byte by byte took most of a batch's encoding",
        "Sources/ZeroMQ/SocketSet.swift": "epoll takes pointers to C structs",
        "Sources/Bus/AgentZeroMQBus.swift": "enters the actor from its own loop thread",
        "Sources/Bus/CoordinatorZeroMQBus.swift": "enters the actor from its own loop thread",
        "Sources/Coordinator/Coordinator.swift": "shares the executor of the bus, which it holds",
        "Sources/LinuxHost/HostEnvironment.swift": "getenv and environ are C strings",
        "Sources/LinuxHost/StandardErrorLog.swift": "write takes a pointer",
        "Sources/Probe/InterfaceMTU.swift": "getifaddrs and ioctl fill C structs",
        "Sources/Probe/ProbeError+Errno.swift": "strerror answers a C string",
        "Sources/Probe/ProbeSocket.swift": "bind, sendto and recvfrom take pointers",
        "Sources/Probe/ProbeThread.swift": "a pthread of its own: a task may not wait for sockets",
        "Sources/Probe/ProbeWake.swift": "eventfd is read and written through a pointer",
        "Sources/LinuxHost/PasswordPrompt.swift": "a terminal's echo is turned off through a C struct",
        "Sources/Simulation/Confined.swift": "a simulation's one thread touches the world through Sendable ports",
        "Sources/Simulation/Scheduler.swift": "runs the jobs of a task executor: Swift has no safe call for it",
        "Sources/ZeroMQ/CurveKeys.swift": "libzmq takes and answers keys as C strings, which are wiped",
        "Sources/ZeroMQ/LoopThread.swift": "a pthread that is an executor: Swift has no safe one that may block",
        "Sources/ZeroMQ/SharedFrame.swift": "one encoded buffer is lent to libzmq for many peers",
        "Sources/ZeroMQ/SocketMonitor.swift": "events are C structs in a message's bytes",
        "Sources/ZeroMQ/WakeDescriptor.swift": "eventfd is read and written through a pointer",
        "Sources/ZeroMQ/ZeroMQContext.swift": "owns libzmq's context, an opaque pointer",
        "Sources/ZeroMQ/ZeroMQError.swift": "zmq_strerror answers a C string",
        "Sources/ZeroMQ/ZeroMQSocket.swift": "owns libzmq's socket, an opaque pointer",
        "Sources/ZeroMQ/ZeroMQSocket+Messages.swift": "messages are C structs that own their bytes",
        "Sources/ZeroMQ/ZeroMQSocket+Options.swift": "options go through pointers",
        "Tests/KernelContract/Namespace.swift": "setns takes a C string",
        "Tests/Netlink/StructLayoutTests.swift": "loads C structs to compare with our bytes",
        "Tests/ZeroMQ/SocketTests.swift": "speaks to libzmq beside our types",
        "Sources/CoordinatorAPI/ServerDirectory.swift": "open, read, write and rename take pointers",
        "Sources/LinuxHost/HaltSwitch.swift": "unlink takes a C string",
        "Tests/CoordinatorAPI/RawConnection.swift": "a raw socket, for requests that no client would send",
    ]
}
