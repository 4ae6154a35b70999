/// Text for binary keys: 5 characters for 4 bytes (ZeroMQ RFC 32/Z85).
enum Z85 {
    private static let alphabet = Array(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)

    /// The count of bytes is a multiple of 4.
    static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        precondition(bytes.count.isMultiple(of: 4), "Z85 takes 4 bytes at a time")
        var text = [UInt8](repeating: 0, count: bytes.count / 4 * 5)
        for group in 0..<bytes.count / 4 {
            var value = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[group * 4 + $1]) }
            for place in stride(from: 4, through: 0, by: -1) {
                text[group * 5 + place] = alphabet[Int(value % 85)]
                value /= 85
            }
        }
        return text
    }

    /// `nil` where a character is none of Z85's, a group stands for more than 32 bits, or the length is not in fives.
    static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 5) else { return nil }
        var bytes = [UInt8](repeating: 0, count: text.count / 5 * 4)
        for group in 0..<text.count / 5 {
            var value: UInt64 = 0
            for place in 0..<5 {
                guard let digit = alphabet.firstIndex(of: text[group * 5 + place]) else { return nil }
                value = value * 85 + UInt64(digit)
            }
            guard value <= UInt32.max else { return nil }
            for place in 0..<4 { bytes[group * 4 + place] = UInt8(truncatingIfNeeded: value >> UInt64(24 - place * 8)) }
        }
        return bytes
    }
}
