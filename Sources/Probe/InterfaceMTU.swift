internal import Fleet
internal import Glibc
internal import Ports

/// One address of an interface, with the network that it lies in and the interface's MTU.
struct InterfaceMTU: Hashable, Sendable {
    var address: Address
    var netmask: Address
    var bytes: Int

    /// The MTU of the interface that has the address, or that has the network it lies in: every address of 127.0.0.0/8 is
    /// the loopback interface's, which lists one of them.
    static func find(_ address: Address, in interfaces: [InterfaceMTU]) -> Int? {
        let holders = interfaces.filter { $0.address == address }
        let networks = interfaces.filter { $0.holds(address) }
        return (holders.isEmpty ? networks : holders).max { $0.prefixLength < $1.prefixLength }?.bytes
    }

    private func holds(_ other: Address) -> Bool {
        guard other.family == address.family else { return false }
        return netmask.bytes.indices.allSatisfy {
            (other.bytes[$0] ^ address.bytes[$0]) & netmask.bytes[$0] == 0
        }
    }

    private var prefixLength: Int { netmask.bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
}

extension InterfaceMTU {
    /// All addresses of this network namespace's interfaces; without those that go away meanwhile.
    static func all() throws(ProbeError) -> [InterfaceMTU] {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        defer { close(descriptor) }
        var list: UnsafeMutablePointer<ifaddrs>?
        // Safe because the list is glibc's, read only while it lives, and given back once at the end.
        guard unsafe getifaddrs(&list) == 0 else { throw .last("getifaddrs") }
        defer { unsafe freeifaddrs(list) }
        var interfaces: [InterfaceMTU] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let address = unsafe Self.address(entry.pointee.ifa_addr),
                let netmask = unsafe Self.address(entry.pointee.ifa_netmask), netmask.family == address.family,
                let bytes = unsafe mtuBytes(entry.pointee.ifa_name, descriptor)
            else { continue }
            interfaces.append(InterfaceMTU(address: address, netmask: netmask, bytes: bytes))
        }
        return interfaces
    }

    /// Safe because glibc puts a whole `sockaddr` of its family behind each pointer.
    private static func address(_ pointer: UnsafeMutablePointer<sockaddr>?) -> Address? {
        guard let pointer = unsafe pointer else { return nil }
        let count: Int
        switch unsafe Int32(pointer.pointee.sa_family) {
        case AF_INET: count = MemoryLayout<sockaddr_in>.size
        case AF_INET6: count = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        let bytes = unsafe Array(UnsafeRawBufferPointer(start: pointer, count: count))
        return Endpoint(socketAddress: bytes)?.address
    }

    /// SIOCGIFMTU of netdevice(7); `nil` where the interface is gone.
    ///
    /// Safe because the name ends with a zero byte and is shorter than the field (IFNAMSIZ), which the kernel guarantees
    /// and the copy's bound enforces.
    private static func mtuBytes(_ name: UnsafeMutablePointer<CChar>?, _ descriptor: Int32) -> Int? {
        guard let name = unsafe name else { return nil }
        var request = unsafe ifreq()
        unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn) { field in
            let text = unsafe UnsafeRawBufferPointer(start: name, count: min(strlen(name), field.count - 1))
            unsafe field.copyBytes(from: text)
        }
        guard unsafe ioctl(descriptor, UInt(SIOCGIFMTU), &request) == 0 else { return nil }
        return unsafe Int(request.ifr_ifru.ifru_mtu)
    }
}
