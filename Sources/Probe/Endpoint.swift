internal import Fleet
internal import Glibc

/// An address and a UDP port.
struct Endpoint: Hashable, Sendable {
    var address: Address
    var port: UInt16

    /// A kernel's `sockaddr_in` (family, port, 4 bytes of address, 8 zeros) or `sockaddr_in6` (family, port, 4 bytes of flow
    /// information, 16 bytes of address, 4 of scope); the family in the host's order, the port in the network's.
    var socketAddress: [UInt8] {
        let family = sa_family_t(address.family == .ipv4 ? AF_INET : AF_INET6)
        let halves = [UInt8(truncatingIfNeeded: family), UInt8(truncatingIfNeeded: family >> 8)]
        let head = (Self.isLittleEndian ? halves : halves.reversed()) + [UInt8(port >> 8), UInt8(port & 0xff)]
        let zeros = [UInt8](repeating: 0, count: 8)
        return switch address.family {
        case .ipv4: head + address.bytes + zeros
        case .ipv6: head + zeros.prefix(4) + address.bytes + zeros.prefix(4)
        }
    }

    private static let isLittleEndian = UInt16(1).littleEndian == 1

    init(address: Address, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Reads what ``socketAddress`` writes; fails on another family or a short one.
    init?(socketAddress bytes: [UInt8]) {
        guard bytes.count >= 16 else { return nil }
        let halves = Self.isLittleEndian ? (bytes[0], bytes[1]) : (bytes[1], bytes[0])
        let family = Int32(halves.0) | Int32(halves.1) << 8
        let address: Address? =
            switch family {
            case AF_INET: Address(family: .ipv4, bytes: Array(bytes[4..<8]))
            case AF_INET6 where bytes.count >= 24: Address(family: .ipv6, bytes: Array(bytes[8..<24]))
            default: nil
            }
        guard let address else { return nil }
        self.init(address: address, port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
    }
}

extension Endpoint: CustomStringConvertible {
    var description: String { address.family == .ipv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
