internal import Crypto

/// A node's long-lived X25519 key (RFC 7748), made at enrolment. Its public half is in every roster.
///
/// Reading it from and writing it to a 0600 file is the caller's part.
public struct IdentityKey: Sendable {
    /// Of the private and of the public half.
    public static let byteCount = 32

    let privateKey: Curve25519.KeyAgreement.PrivateKey
    /// 32 bytes.
    public let publicKey: [UInt8]

    /// Takes the 32 raw bytes of the private half.
    public init(_ secret: Secret) throws(KeyError) {
        let key = secret.withBytes { bytes in
            // Safe because the key copies the bytes into memory that it wipes itself.
            unsafe bytes.withUnsafeBufferPointer {
                try? unsafe Curve25519.KeyAgreement.PrivateKey(rawRepresentation: $0)
            }
        }
        guard let key else {
            throw .wrongLength(of: "identity key", expected: Self.byteCount, found: secret.count)
        }
        privateKey = key
        publicKey = Array(key.publicKey.rawRepresentation)
    }

    /// Draws the private half of a new key. Any 32 bytes are one: X25519 clamps them itself.
    public static func makeSecret() -> Secret {
        var generator = SystemRandomNumberGenerator()
        var bytes = [UInt8](repeating: 0, count: byteCount)
        for index in bytes.indices { bytes[index] = UInt8.random(in: .min ... .max, using: &generator) }
        defer { wipe(&bytes) }
        return Secret(copying: bytes.span)
    }
}

extension IdentityKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
