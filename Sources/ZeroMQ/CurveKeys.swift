internal import CLinux
internal import CZeroMQ
public import MeshKeys

/// The public half of a CURVE key: who a peer on the bus is.
public struct CurvePublicKey: Hashable, Sendable {
    /// In bytes; 40 characters of Z85 text.
    public static let byteCount = 32

    public let bytes: [UInt8]

    /// Fails where there are not 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Reads 40 characters of Z85 (ZeroMQ RFC 32); fails on anything else.
    public init?(_ text: String) {
        guard text.utf8.count == CurveKeyPair.textLength, let bytes = Z85.decode(Array(text.utf8).span) else {
            return nil
        }
        self.bytes = bytes
    }
}

extension CurvePublicKey: CustomStringConvertible {
    /// Z85 text.
    public var description: String { String(decoding: Z85.encode(bytes.span), as: UTF8.self) }
}

/// Why a CURVE key was refused.
public enum CurveKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The secret half is not 40 characters of Z85.
    case notZ85

    public var description: String { "a CURVE secret key is \(CurveKeyPair.textLength) characters of Z85" }
}

/// A CURVE key with both halves. The secret one prints as `<redacted>`.
public struct CurveKeyPair: Sendable {
    /// Of either half as Z85 text.
    public static let textLength = 40

    public let publicKey: CurvePublicKey
    /// 32 raw bytes.
    public let secret: Secret

    /// Makes a new key.
    public static func generate() throws(ZeroMQError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: textLength + 1)
        var secretText = [CChar](repeating: 0, count: textLength + 1)
        // Safe because each buffer has the 41 bytes that libzmq writes; the secret one is wiped.
        let result = unsafe zmq_curve_keypair(&publicText, &secretText)
        var characters = secretText.prefix(textLength).map { UInt8(bitPattern: $0) }
        defer {
            unsafe secretText.withUnsafeMutableBytes { unsafe testudo_wipe($0.baseAddress, $0.count) }
            wipe(&characters)
        }
        guard result == 0 else { throw .last("zmq_curve_keypair") }
        do {
            return try CurveKeyPair(secretText: Secret(copying: characters.span))
        } catch {
            throw ZeroMQError(operation: "zmq_curve_keypair", code: zmq_errno())
        }
    }

    /// Takes the secret half as 40 characters of Z85, as a key file holds it, and computes the public one.
    public init(secretText: Secret) throws(CurveKeyError) {
        guard secretText.count == Self.textLength, var raw = secretText.withBytes({ Z85.decode($0) }) else {
            throw .notZ85
        }
        defer { wipe(&raw) }
        // libzmq takes the secret as a C string.
        var terminated = [UInt8](repeating: 0, count: Self.textLength + 1)
        defer { wipe(&terminated) }
        secretText.withBytes { for index in $0.indices { terminated[index] = $0[index] } }
        var publicText = [CChar](repeating: 0, count: Self.textLength + 1)
        // Safe because the secret is 40 characters and a zero, and the public buffer has the 41 bytes that are written.
        let result = unsafe terminated.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { unsafe zmq_curve_public(&publicText, $0.baseAddress) }
        }
        let text = publicText.prefix(Self.textLength).map { UInt8(bitPattern: $0) }
        guard result == 0, let bytes = Z85.decode(text.span), let publicKey = CurvePublicKey(bytes: bytes) else {
            throw .notZ85
        }
        self.publicKey = publicKey
        secret = Secret(copying: raw.span)
    }

    /// The secret half as Z85 text, for a 0600 file.
    public var secretText: Secret {
        var text = secret.withBytes { Z85.encode($0) }
        defer { wipe(&text) }
        return Secret(copying: text.span)
    }
}

extension CurveKeyPair: CustomStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
