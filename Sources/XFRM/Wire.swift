internal import Fleet

// Numbers and addresses as netlink lays them out: fields in the machine's byte order, ports and SPIs in network order.

extension OutputSpan where Element == UInt8 {
    /// Lends what was appended so far.
    mutating func edit(_ write: (inout MutableRawSpan) -> Void) {
        var elements = mutableSpan
        // Safe because any bits that are stored make bytes.
        var bytes = unsafe elements.mutableBytes
        write(&bytes)
    }
}

/// Each stores one field whole, and traps where it would not lie inside.
extension MutableRawSpan {
    mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(native number: Number, at offset: Int) {
        storeBytes(of: number, toByteOffset: offset, as: Number.self)
    }

    mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(network number: Number, at offset: Int) {
        storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
    }

    mutating func store(bytes: Span<UInt8>, at offset: Int) {
        for index in bytes.indices { store(native: bytes[index], at: offset + index) }
    }

    /// xfrm_address_t: 16 bytes, of which IPv4 uses the first four.
    mutating func store(_ address: Address, at offset: Int) {
        store(network: address.high, at: offset)
        store(network: address.low, at: offset + 8)
    }

    /// struct nlattr { __u16 nla_len; __u16 nla_type; }
    mutating func store(attribute kind: UInt16, payloadByteCount: Int, at offset: Int) {
        store(native: UInt16(Size.attributeHeader + payloadByteCount), at: offset)
        store(native: kind, at: offset + 2)
    }
}

extension Span where Element == UInt8 {
    /// A number in the machine's byte order. Traps where it would not lie inside.
    func native<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type = Number.self
    ) -> Number {
        // Safe because the bytes are checked to lie inside, and any bits are a number.
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
    }

    /// A number in network byte order. The caller has checked that it lies inside.
    func network<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type = Number.self
    ) -> Number {
        Number(bigEndian: native(at: offset))
    }

    /// xfrm_address_t of a family. The caller has checked that it lies inside.
    func address(at offset: Int, _ family: Address.Family) -> Address {
        Address(family, high: network(at: offset), low: network(at: offset + 8))
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
