/// An IPv4 or IPv6 address of a node: unicast, without zone.
///
/// Two words rather than an array: fleets compare and hash addresses by the hundred thousand.
public struct Address: Hashable, Sendable {
    public enum Family: UInt8, Hashable, Sendable, CaseIterable {
        case ipv4 = 4
        case ipv6 = 6

        /// The length of an address in bytes, 4 or 16.
        public var byteCount: Int { self == .ipv4 ? 4 : 16 }
        /// The prefix length of a single host, 32 or 128.
        public var hostPrefixLength: UInt8 { self == .ipv4 ? 32 : 128 }
    }

    public let family: Family
    /// The first 8 bytes as a number in network order; an IPv4 address is in the first 4.
    package let high: UInt64
    /// The last 8 bytes of an IPv6 address, else 0.
    package let low: UInt64

    /// Fails where the count of bytes is not that of the family.
    public init?(family: Family, bytes: [UInt8]) {
        guard bytes.count == family.byteCount else { return nil }
        self.init(known: family, bytes: bytes)
    }

    /// From the 16 bytes of the kernel's structs; those behind an IPv4 address do not count.
    package init(_ family: Family, high: UInt64, low: UInt64) {
        self.family = family
        self.high = family == .ipv4 ? high & ~(UInt64.max >> 32) : high
        self.low = family == .ipv4 ? 0 : low
    }

    /// 4 or 16 bytes in network order.
    public var bytes: [UInt8] { (0..<family.byteCount).map(byte(at:)) }

    /// One byte of ``bytes``; 0 behind the last of an IPv4 address.
    public func byte(at index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> (56 - 8 * UInt64(index & 7)))
    }

    /// Whether so many leading bits are those of the other; addresses of two families have none in common.
    public func shares(bits count: UInt8, with other: Address) -> Bool {
        guard family == other.family else { return false }
        // Shifts of 64 and more give 0: no bit counts, or all of the word do.
        let highMask = ~(UInt64.max >> UInt64(count))
        let lowMask = count > 64 ? ~(UInt64.max >> UInt64(count - 64)) : 0
        return (high ^ other.high) & highMask == 0 && (low ^ other.low) & lowMask == 0
    }

    /// Whether it is the host's own (127.0.0.0/8, RFC 1122 §3.2.1.3; ::1, RFC 4291 §2.5.3).
    public var isLoopback: Bool { family == .ipv4 ? high >> 56 == 127 : high == 0 && low == 1 }

    /// Reads dotted quads, and IPv6 in the forms of RFC 4291 §2.2 (with `::` and a dotted tail).
    public init?(_ text: String) {
        if let quad = Self.quad(text) {
            self.init(family: .ipv4, bytes: quad)
        } else if let groups = Self.groups(text) {
            self.init(family: .ipv6, bytes: groups)
        } else {
            return nil
        }
    }

    /// The address with every bit zero, which stands for "any" in a selector.
    public static func any(_ family: Family) -> Address {
        Address(known: family, bytes: [UInt8](repeating: 0, count: family.byteCount))
    }

    private init(known family: Family, bytes: [UInt8]) {
        func word(_ part: ArraySlice<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) } << UInt64(8 * (8 - part.count))
        }
        self.family = family
        high = word(bytes.prefix(8))
        low = word(bytes.dropFirst(8))
    }

    private static func quad(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // A leading zero is octal to some readers and decimal to others: refused.
            guard part.count <= 3, part.allSatisfy({ $0.isASCII && $0.isNumber }), part == "0" || part.first != "0",
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func groups(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45, let gap = text.firstRange(of: "::") else {
            let all = side(text[...])
            return all?.count == 16 ? all : nil
        }
        guard let head = side(text[..<gap.lowerBound]), let tail = side(text[gap.upperBound...]),
            head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of colon-separated groups, the last of which may be a dotted quad.
    private static func side(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let quad = quad(part) {
                bytes += quad
                continue
            }
            guard (1...4).contains(part.count), part.allSatisfy(\.isHexDigit), let group = UInt16(part, radix: 16)
            else {
                return nil
            }
            bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
        }
        return bytes
    }
}

extension Address: Comparable {
    public static func < (left: Address, right: Address) -> Bool {
        if left.family != right.family { return left.family == .ipv4 }
        return (left.high, left.low) < (right.high, right.low)
    }
}

extension Address: CustomStringConvertible {
    /// Dotted quads, or IPv6 as RFC 5952 writes it.
    public var description: String {
        let bytes = bytes
        if family == .ipv4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let gap = Self.longestZeros(groups) else { return text(groups[...]) }
        return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }

    /// The first longest run of at least two zero groups.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (longest?.count ?? 0) { longest = start..<end }
            start = end + 1
        }
        return longest
    }
}
