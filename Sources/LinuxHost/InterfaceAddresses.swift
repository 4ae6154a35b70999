internal import Fleet
internal import Glibc
internal import Ports

/// The addresses of this network namespace's interfaces (getifaddrs(3)).
enum InterfaceAddresses {
    /// More than any host that is a node; those beyond are left out.
    private static let addressesMaximum = 4_096

    /// Global unicast ones of interfaces that are up, sorted by address; none where they cannot be read.
    static func global() -> [HostFacts.InterfaceAddress] {
        // Safe because the list is read only before it is freed, and whatever is kept of it is copied.
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var addresses: Set<HostFacts.InterfaceAddress> = []
        var next = unsafe list
        while let entry = unsafe next, addresses.count < addressesMaximum {
            unsafe next = entry.pointee.ifa_next
            let flags = unsafe Int32(bitPattern: entry.pointee.ifa_flags)
            guard flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0,
                let address = unsafe address(entry.pointee.ifa_addr), isGlobalUnicast(address)
            else { continue }
            // A label such as `eth0:1` belongs to the address; no interface's name holds a colon.
            let name = unsafe String(cString: entry.pointee.ifa_name).prefix { $0 != ":" }
            addresses.insert(HostFacts.InterfaceAddress(address: address, interface: String(name)))
        }
        return addresses.sorted { ($0.address, $0.interface) < ($1.address, $1.interface) }
    }

    /// `nil` for a packet socket's address, and where an interface has none.
    private static func address(_ pointer: UnsafeMutablePointer<sockaddr>?) -> Address? {
        guard let pointer = unsafe pointer else { return nil }
        let raw = UnsafeRawPointer(pointer)
        // Safe because the kernel made a struct of the family that the first field says.
        switch Int32(unsafe pointer.pointee.sa_family) {
        case AF_INET:
            let address = unsafe raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            return Address(family: .ipv4, bytes: unsafe withUnsafeBytes(of: address) { unsafe Array($0) })
        case AF_INET6:
            let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return Address(family: .ipv6, bytes: unsafe withUnsafeBytes(of: address) { unsafe Array($0) })
        default: return nil
        }
    }

    /// Whether other hosts may send to it beyond one link: private and unique local addresses are, too.
    ///
    /// Left out are, of IPv4, this network, loopback, link-local, multicast and reserved (RFC 6890), of IPv6 what is no
    /// unicast or of link scope (RFC 4291 §2.4), and IPv4 in IPv6's clothes.
    static func isGlobalUnicast(_ address: Address) -> Bool {
        let bytes = address.bytes
        switch address.family {
        case .ipv4: return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 && bytes[..<2] != [169, 254]
        case .ipv6:
            let isLinkLocal = bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
            // ::, ::1, ::ffff:0:0/96 and the deprecated ::/96.
            let isEmbedded = bytes[..<10].allSatisfy { $0 == 0 }
            return bytes[0] != 0xff && !isLinkLocal && !isEmbedded
        }
    }
}
