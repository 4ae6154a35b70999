internal import FoundationEssentials

/// A name and a password out of an `Authorization` header (RFC 7617).
struct BasicCredentials: Sendable {
    /// Base64 of the longest name and password.
    static let headerBytesMaximum = 1_024
    static let userBytesMaximum = 128

    let user: String
    let password: [UInt8]

    /// Fails for another scheme and for what is not Base64 of `name:password`.
    init?(header: String) {
        guard header.utf8.count <= Self.headerBytesMaximum else { return nil }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "basic", let bytes = Data(base64Encoded: String(parts[1])),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self)
        else { return nil }
        let password = Array(bytes[bytes.index(after: colon)...])
        guard (1...Self.userBytesMaximum).contains(user.utf8.count),
            (1...PasswordHash.passwordBytesMaximum).contains(password.count)
        else { return nil }
        self.user = user
        self.password = password
    }
}
