public import MeshKeys

/// A secret as hexadecimal text, for a key file that an editor can show.
public enum HexSecret {
    private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    /// Two lower-case digits a byte.
    public static func text(_ secret: Secret) -> Secret {
        var text: [UInt8] = []
        text.reserveCapacity(secret.count * 2)
        defer { wipe(&text) }
        secret.withBytes { bytes in
            for index in bytes.indices {
                text.append(digits[Int(bytes[index] >> 4)])
                text.append(digits[Int(bytes[index] & 15)])
            }
        }
        return Secret(copying: text.span)
    }

    /// Fails where the text is not `byteCount` bytes in hexadecimal.
    public static func read(_ text: Secret, byteCount: Int) throws(HostError) -> Secret {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        defer { wipe(&bytes) }
        let isWhole = text.withBytes { text in
            guard text.count == byteCount * 2 else { return false }
            for index in 0..<byteCount {
                guard let high = digits.firstIndex(of: text[index * 2]),
                    let low = digits.firstIndex(of: text[index * 2 + 1])
                else { return false }
                bytes.append(UInt8(high << 4 | low))
            }
            return true
        }
        guard isWhole else { throw HostError("expected \(byteCount * 2) hexadecimal digits") }
        return Secret(copying: bytes.span)
    }
}
