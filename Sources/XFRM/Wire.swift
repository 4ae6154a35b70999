internal import Fleet

// Numbers and addresses as netlink lays them out: fields in the machine's byte order, ports and SPIs in network order.

#if _endian(big)
    private let isBigEndian = true
#else
    private let isBigEndian = false
#endif

extension OutputSpan where Element == UInt8 {
    mutating func append<Number: FixedWidthInteger>(native number: Number) {
        if isBigEndian { append(network: number) } else { append(littleEndian: number) }
    }

    mutating func append<Number: FixedWidthInteger>(network number: Number) {
        let count = Number.bitWidth / 8
        for index in 0..<count { append(UInt8(truncatingIfNeeded: number >> ((count - 1 - index) * 8))) }
    }

    private mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        for index in 0..<Number.bitWidth / 8 { append(UInt8(truncatingIfNeeded: number >> (index * 8))) }
    }

    mutating func append(zeros count: Int) {
        append(repeating: 0, count: count)
    }

    mutating func append(bytes: Span<UInt8>) {
        for index in bytes.indices { append(bytes[index]) }
    }

    /// xfrm_address_t: 16 bytes, of which IPv4 uses the first four.
    mutating func append(address: Address) {
        append(network: address.high)
        append(network: address.low)
    }

    /// struct nlattr { __u16 nla_len; __u16 nla_type; }
    mutating func append(attribute kind: UInt16, payloadByteCount: Int) {
        append(native: UInt16(Size.attributeHeader + payloadByteCount))
        append(native: kind)
    }
}

extension Span where Element == UInt8 {
    /// A number in the machine's byte order. The caller has checked that it lies inside.
    func native<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number {
        if isBigEndian { return network(at: offset) }
        var number: Number = 0
        for index in (0..<Number.bitWidth / 8).reversed() {
            number = number << 8 | Number(truncatingIfNeeded: self[offset + index])
        }
        return number
    }

    /// A number in network byte order. The caller has checked that it lies inside.
    func network<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number {
        var number: Number = 0
        for index in 0..<Number.bitWidth / 8 {
            number = number << 8 | Number(truncatingIfNeeded: self[offset + index])
        }
        return number
    }

    /// xfrm_address_t of a family. The caller has checked that it lies inside.
    func address(at offset: Int, _ family: Address.Family) -> Address? {
        Address(family: family, bytes: (0..<family.byteCount).map { self[offset + $0] })
    }

    /// The text up to the first zero byte, at most `range` long; bytes that are no UTF-8 are replaced.
    func text(in range: Range<Int>) -> String {
        var bytes: [UInt8] = []
        for index in range {
            if self[index] == 0 { break }
            bytes.append(self[index])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Address.Family {
    /// AF_INET or AF_INET6.
    var kernelNumber: UInt16 { self == .ipv4 ? FieldValue.familyIPv4 : FieldValue.familyIPv6 }

    init?(kernelNumber: UInt16) {
        switch kernelNumber {
        case FieldValue.familyIPv4: self = .ipv4
        case FieldValue.familyIPv6: self = .ipv6
        default: return nil
        }
    }
}
