/// Who may use the API, and the hash of each one's password: the file `accounts`.
///
/// The first start makes the administrator's with a password of its own, which it leaves in the file `password`. An
/// operator sets another by writing it there and deleting `accounts`.
struct Accounts: Hashable, Sendable {
    static let file = "accounts"
    /// Roles are to come; until then there is one.
    static let accountsMaximum = 16
    /// 26 of 32 letters are 130 bits.
    private static let passwordLength = 26
    /// Without letters and digits that look alike.
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)

    private(set) var hashes: [String: PasswordHash]

    /// Reads the accounts, or makes them at the first start.
    static func loadOrMake(in directory: ServerDirectory, cost: PasswordHash.Cost) throws(RESTStartError) -> Accounts {
        if let bytes = try directory.read(file, for: .owner) {
            return try Accounts(text: String(decoding: bytes, as: UTF8.self), place: "\(directory.path)/\(file)")
        }
        let given = try givenPassword(in: directory)
        let password = if let given { given } else { try newPassword(in: directory) }
        let accounts = Accounts(
            hashes: [RESTConfiguration.administrator: try PasswordHash(of: password, cost: cost)])
        try directory.write(file, Array(accounts.text.utf8), for: .owner)
        return accounts
    }

    private init(hashes: [String: PasswordHash]) { self.hashes = hashes }

    private init(text: String, place: String) throws(RESTStartError) {
        hashes = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let hash = PasswordHash(text: parts[1]), hashes[String(parts[0])] == nil,
                hashes.count < Self.accountsMaximum
            else {
                throw RESTStartError(
                    operation: "read \(place)",
                    message: "line \(index + 1) is no account; delete the file to make it anew from `password`")
            }
            hashes[String(parts[0])] = hash
        }
        guard !hashes.isEmpty else {
            throw RESTStartError(operation: "read \(place)", message: "no account in it; delete it to make it anew")
        }
    }

    private var text: String {
        let lines = hashes.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.text)\n" }
        return "# name:scrypt:log2 N:r:p:salt:hash\n" + lines.joined()
    }

    private static func givenPassword(in directory: ServerDirectory) throws(RESTStartError) -> [UInt8]? {
        guard var password = try directory.read(RESTConfiguration.passwordFile, for: .owner) else { return nil }
        while password.last == UInt8(ascii: "\n") || password.last == UInt8(ascii: "\r") { password.removeLast() }
        guard (8...PasswordHash.passwordBytesMaximum).contains(password.count) else {
            throw RESTStartError(
                operation: "read \(directory.path)/\(RESTConfiguration.passwordFile)",
                message: "a password has 8 to \(PasswordHash.passwordBytesMaximum) bytes")
        }
        return password
    }

    /// Made from the system's random numbers, and left for the operator before its hash is written.
    private static func newPassword(in directory: ServerDirectory) throws(RESTStartError) -> [UInt8] {
        let password = (0..<passwordLength).map { _ in alphabet[Int.random(in: alphabet.indices)] }
        try directory.write(RESTConfiguration.passwordFile, password + [UInt8(ascii: "\n")], for: .owner)
        return password
    }
}
