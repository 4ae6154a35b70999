internal import Fleet
internal import Glibc
internal import Ports

/// A UDP socket on one own address and the session's port; it never blocks.
///
/// It is not shared with SO_REUSEADDR: a second process on the port would take echoes away unseen.
final class ProbeSocket: Sendable {
    /// Two requests each, at most 2.3 KiB of the kernel's memory apiece, from 2 000 peers at once are 9 MiB; the kernel
    /// doubles what it is told.
    static let receiveBufferBytes: Int32 = 8 << 20

    let own: Address
    let sizes: PathSizes
    let descriptor: Int32

    /// - Parameter mtuBytes: of the interface that has the address.
    init(own: Address, port: UInt16, mtuBytes: Int) throws(ProbeError) {
        let family = own.family == .ipv4 ? AF_INET : AF_INET6
        let type = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(family, Int32(type), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        // From here on deinit closes it, also when a call below fails.
        self.own = own
        self.descriptor = descriptor
        sizes = PathSizes(mtuBytes: mtuBytes, family: own.family)
        let endpoint = Endpoint(address: own, port: port)
        let address = endpoint.socketAddress
        // Safe because the bytes are a whole socket address of the family, and the count is theirs.
        let status = unsafe address.withUnsafeBytes {
            unsafe bind(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard status == 0 else { throw .last("bind \(endpoint)") }
        guard setFragmenting(false) else { throw .last("path MTU discovery on \(endpoint)") }
        // The forced one needs CAP_NET_ADMIN; the other stops at net.core.rmem_max, and retries make up for the rest.
        if !set(SOL_SOCKET, SO_RCVBUFFORCE, Self.receiveBufferBytes) {
            _ = set(SOL_SOCKET, SO_RCVBUF, Self.receiveBufferBytes)
        }
    }

    deinit { close(descriptor) }

    /// Sends one datagram, with DF unless it may be fragmented.
    func send(_ bytes: [UInt8], to endpoint: Endpoint, mayFragment: Bool) -> ProbeRound.SendOutcome {
        if mayFragment { _ = setFragmenting(true) }
        let address = endpoint.socketAddress
        // Safe because both pointers live during the call, each with its count.
        let count = unsafe bytes.withUnsafeBytes { payload in
            unsafe address.withUnsafeBytes {
                unsafe sendto(
                    descriptor, payload.baseAddress, payload.count, 0,
                    $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
        }
        let code = errno
        if mayFragment { _ = setFragmenting(false) }
        return count >= 0 ? .sent : Self.outcome(code)
    }

    /// The next datagram's length and sender, its bytes in the buffer; `nil` where none is there.
    ///
    /// What an earlier datagram's ICMP error left behind is passed over: its retry says the same.
    func receive(into buffer: inout [UInt8]) -> (count: Int, sender: Endpoint)? {
        var address = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(address.count)
        // Safe because the kernel writes at most the counts given, into buffers that live during the call.
        let count = unsafe buffer.withUnsafeMutableBytes { payload in
            unsafe address.withUnsafeMutableBytes {
                unsafe recvfrom(
                    descriptor, payload.baseAddress, payload.count, 0,
                    $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
        }
        guard count >= 0, let sender = Endpoint(socketAddress: address) else { return nil }
        return (count, sender)
    }

    static func outcome(_ code: Int32) -> ProbeRound.SendOutcome {
        switch code {
        case EMSGSIZE: .tooLarge
        case EAGAIN, ENOBUFS, EINTR, ECONNREFUSED, EHOSTUNREACH, EHOSTDOWN: .notYet(errnoText(code))
        default: .refused(errnoText(code))
        }
    }

    /// IP_MTU_DISCOVER of ip(7), IPV6_MTU_DISCOVER of ipv6(7): with path MTU discovery nothing is fragmented.
    private func setFragmenting(_ isOn: Bool) -> Bool {
        switch own.family {
        case .ipv4: set(Int32(IPPROTO_IP), IP_MTU_DISCOVER, isOn ? IP_PMTUDISC_DONT : IP_PMTUDISC_DO)
        case .ipv6: set(Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER, isOn ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_DO)
        }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        // Safe because the kernel reads exactly this local.
        return unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }
}
