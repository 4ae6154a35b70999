internal import CLinux
internal import CMnl
internal import Glibc
internal import Ports

/// Hears that SAs or policies changed in the network namespace of the thread that opens it.
///
/// What changed is not looked at, for a snapshot says it better: not a byte of an event is copied out of the kernel,
/// since the event of a new SA holds its key. Events of our own changes are dropped by a filter before they are queued,
/// by the port that our requests carry; another program with CAP_NET_ADMIN that writes our port is found by a sweep only.
struct EventSocket: ~Copyable, Sendable {
    /// What happened since the last reading.
    struct Heard: Hashable, Sendable {
        var events = 0
        /// The kernel had no room for some events (ENOBUFS).
        var isOverrun = false

        var isNothing: Bool { events == 0 && !isOverrun }
    }

    /// Room for some ten thousand events, a large fleet's worth of SAs put there or flushed at once. One too many costs
    /// nothing but the count of them: the reader takes a snapshot all the same.
    static let bufferByteCount: Int32 = 16 << 20
    /// Events read in one go. Whoever floods us must not keep the reader from telling it.
    private static let readsMaximum = 65_536
    /// Never XFRMGRP_ACQUIRE: with a listener there, the kernel makes a larval SA for each packet that lacks one.
    private static let groups = UInt32(XFRMGRP_SA | XFRMGRP_POLICY | XFRMGRP_EXPIRE)

    let descriptor: Int32

    /// - Parameters:
    ///   - port: of the socket whose changes are not to be heard of.
    ///   - bufferByteCount: how much the kernel keeps of what is not read yet; as much as the system allows where we
    ///     lack CAP_NET_ADMIN.
    init(ignoring port: UInt32, bufferByteCount: Int32) throws(KernelError) {
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, kind, NETLINK_XFRM)
        guard descriptor >= 0 else { throw .last("socket NETLINK_XFRM") }
        do throws(KernelError) {
            try Self.configure(descriptor, ignoring: port, bufferByteCount)
        } catch {
            _ = close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }

    private static func configure(
        _ descriptor: Int32, ignoring port: UInt32, _ bufferByteCount: Int32
    ) throws(KernelError) {
        // Safe because setsockopt and bind read their arguments only during the call.
        var size = bufferByteCount
        let length = socklen_t(MemoryLayout<Int32>.size)
        if unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, length) != 0 {
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, length)
        }
        let code = testudo_ignore_netlink_port(descriptor, port)
        guard code == 0 else {
            throw KernelError(operation: "setsockopt SO_ATTACH_FILTER", code: code, message: errnoText(code))
        }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = groups
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size)) == 0
            }
        }
        guard isBound else { throw .last("bind NETLINK_XFRM") }
    }

    /// Empties the queue, without waiting.
    ///
    /// Whoever takes a snapshot after it misses nothing: events that come meanwhile are in the next reading, and the
    /// kernel reports an overrun again once the queue was empty.
    func drain() throws(KernelError) -> Heard {
        var heard = Heard()
        for _ in 0..<Self.readsMaximum {
            // No byte is asked for, and the rest of a message is dropped when a part of it is read.
            if recv(descriptor, nil, 0, Int32(MSG_TRUNC)) >= 0 {
                heard.events += 1
                continue
            }
            switch errno {
            case EAGAIN: return heard
            case ENOBUFS: heard.isOverrun = true
            case EINTR: continue
            default: throw .last("recv NETLINK_XFRM")
            }
        }
        return heard
    }
}
