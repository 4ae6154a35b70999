internal import Fleet

/// Why a datagram has the length that it has.
enum ProbeSize: UInt8, Hashable, Sendable, CaseIterable {
    /// Passes wherever ESP passes.
    case small = 1
    /// Fills the path's MTU once it is encapsulated, and must not be fragmented.
    case full = 2
    /// Larger than the path's MTU, and may be fragmented.
    case oversized = 3
}

/// The lengths of one path's UDP payloads, from its MTU and what ESP adds.
///
/// ESP in transport mode with AES-GCM (RFC 4303, RFC 4106): the packet is the IP header, SPI and sequence number, the IV,
/// then UDP header, payload, padding and trailer encrypted together, then the ICV.
struct PathSizes: Hashable, Sendable {
    /// The head, and a little to spare: far below the smallest MTU of both families.
    static let smallPayloadBytes = 32
    /// The length field of an IPv4 header has 16 bits; the loopback interface's MTU is larger.
    static let packetBytesMaximum = 65_535

    static let udpHeaderBytes = 8
    /// SPI and sequence number (4 + 4), then the IV of RFC 4106 (8).
    static let espHeaderBytes = 16
    /// Pad length and next header.
    static let espTrailerBytes = 2
    /// What is encrypted is padded to a multiple of this.
    static let espAlignmentBytes = 4
    /// The ICV: 128 bits.
    static let espCheckBytes = 16

    var family: Address.Family
    /// The greatest payload that still fits; never below the small one, however small the MTU.
    var fullPayloadBytes: Int
    /// A payload as long as the MTU, which its headers make too large; `nil` where no packet can be larger than the MTU.
    var oversizedPayloadBytes: Int?

    /// - Parameter mtuBytes: of the interface, the IP header included.
    init(mtuBytes: Int, family: Address.Family) {
        let mtu = min(mtuBytes, Self.packetBytesMaximum)
        let room = mtu - family.headerBytes - Self.espHeaderBytes - Self.espCheckBytes
        let aligned = room - room % Self.espAlignmentBytes
        self.family = family
        fullPayloadBytes = max(aligned - Self.espTrailerBytes - Self.udpHeaderBytes, Self.smallPayloadBytes)
        let isPossible = Self.packetBytes(payloadBytes: mtu, family: family) <= Self.packetBytesMaximum
        oversizedPayloadBytes = isPossible && mtu > fullPayloadBytes ? mtu : nil
    }

    func payloadBytes(_ size: ProbeSize) -> Int? {
        switch size {
        case .small: Self.smallPayloadBytes
        case .full: fullPayloadBytes
        case .oversized: oversizedPayloadBytes
        }
    }

    /// The whole packet that carries the full-sized datagram, IP header included.
    var fullPacketBytes: Int { Self.packetBytes(payloadBytes: fullPayloadBytes, family: family) }

    /// The whole packet, IP header included, that carries a payload under ESP.
    static func packetBytes(payloadBytes: Int, family: Address.Family) -> Int {
        let plain = udpHeaderBytes + payloadBytes + espTrailerBytes
        let padded = (plain + espAlignmentBytes - 1) / espAlignmentBytes * espAlignmentBytes
        return family.headerBytes + espHeaderBytes + padded + espCheckBytes
    }
}

extension Address.Family {
    /// The length of an IP header without options.
    fileprivate var headerBytes: Int { self == .ipv4 ? 20 : 40 }
}
