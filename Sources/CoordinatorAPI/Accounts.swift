/// Who may use the API, what for, and the hash of each one's password: the file `accounts`, a line each.
///
/// The first start makes the administrator's with a password of its own, which it leaves in the file `password`. An
/// operator sets another by writing it there and deleting `accounts`, and adds accounts with ``add(_:role:password:in:)``.
public struct Accounts: Hashable, Sendable {
    /// What an account may do, by ONTAP's names for its predefined roles.
    public enum Role: String, Hashable, Sendable, CaseIterable {
        case admin
        case readonly
    }

    /// One who may use the API.
    struct Account: Hashable, Sendable {
        var role: Role
        var hash: PasswordHash
    }

    static let file = "accounts"
    /// People and tools that have one of their own.
    static let accountsMaximum = 64
    static let nameLengths = 1...64
    /// 26 of 32 letters are 130 bits.
    private static let passwordLength = 26
    /// Without letters and digits that look alike.
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)

    private(set) var accounts: [String: Account]

    /// By their names.
    var sorted: [(name: String, role: Role)] {
        accounts.sorted { $0.key < $1.key }.map { ($0.key, $0.value.role) }
    }

    /// Reads the accounts, or makes them at the first start.
    static func loadOrMake(in directory: ServerDirectory, cost: PasswordHash.Cost) throws(RESTStartError) -> Accounts {
        if let accounts = try load(in: directory) { return accounts }
        let given = try givenPassword(in: directory)
        let password = if let given { given } else { try newPassword(in: directory) }
        let hash = try PasswordHash(of: password, cost: cost)
        let accounts = Accounts(accounts: [RESTConfiguration.administrator: Account(role: .admin, hash: hash)])
        try accounts.write(in: directory)
        return accounts
    }

    /// Reads the accounts, `nil` where there is no file.
    static func load(in directory: ServerDirectory) throws(RESTStartError) -> Accounts? {
        guard let bytes = try directory.read(file, for: .owner) else { return nil }
        return try Accounts(text: String(decoding: bytes, as: UTF8.self), place: "\(directory.path)/\(file)")
    }

    /// Adds an account, or gives one that is there another password and role. A running server takes it up by itself.
    ///
    /// - Parameters:
    ///   - role: `nil` keeps that of an account that is there; a new one reads only.
    ///   - password: 8 to 256 bytes.
    ///   - path: the server's folder.
    public static func add(
        _ name: String, role: Role?, password: [UInt8], in path: String
    ) throws(RESTStartError) -> Role {
        let operation = "add the account \(name)"
        guard isName(name) else {
            throw RESTStartError(
                operation: operation,
                message: "a name has \(nameLengths.upperBound) letters, digits and ._-@ at most")
        }
        try check(password, operation)
        let directory = try ServerDirectory(path: path)
        var accounts = try loadOrMake(in: directory, cost: PasswordHash.Cost())
        guard accounts.accounts[name] != nil || accounts.accounts.count < accountsMaximum else {
            throw RESTStartError(operation: operation, message: "there are \(accountsMaximum) already")
        }
        let role = role ?? accounts.accounts[name]?.role ?? .readonly
        accounts.accounts[name] = Account(role: role, hash: try PasswordHash(of: password, cost: PasswordHash.Cost()))
        guard accounts.accounts.values.contains(where: { $0.role == .admin }) else {
            throw RESTStartError(operation: operation, message: "it is the only administrator, and must stay one")
        }
        try accounts.write(in: directory)
        return role
    }

    private init(accounts: [String: Account]) { self.accounts = accounts }

    private init(text: String, place: String) throws(RESTStartError) {
        accounts = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let (name, account) = Self.account(line), accounts[name] == nil,
                accounts.count < Self.accountsMaximum
            else {
                throw RESTStartError(
                    operation: "read \(place)",
                    message: "line \(index + 1) is no account; delete the file to make it anew from `password`")
            }
            accounts[name] = account
        }
        guard accounts.values.contains(where: { $0.role == .admin }) else {
            throw RESTStartError(
                operation: "read \(place)", message: "no administrator in it; delete it to make it anew")
        }
    }

    /// A line without a role is of a release that had one: it is an administrator's.
    private static func account(_ line: Substring) -> (String, Account)? {
        let parts = line.split(separator: ":", maxSplits: 2)
        guard parts.count == 3, isName(parts[0]) else { return nil }
        let role = Role(rawValue: String(parts[1]))
        let stored = role == nil ? line.dropFirst(parts[0].count + 1) : parts[2]
        return PasswordHash(text: stored).map { (String(parts[0]), Account(role: role ?? .admin, hash: $0)) }
    }

    private static func isName(_ name: some StringProtocol) -> Bool {
        nameLengths.contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                let character = Character(Unicode.Scalar(byte))
                return character.isASCII && (character.isLetter || character.isNumber || "._-@".contains(character))
            }
    }

    private func write(in directory: ServerDirectory) throws(RESTStartError) {
        let lines = accounts.sorted { $0.key < $1.key }.map { name, account in
            "\(name):\(account.role.rawValue):\(account.hash.text)\n"
        }
        let text = "# name:role:scrypt:log2 N:r:p:salt:hash\n" + lines.joined()
        try directory.write(Self.file, Array(text.utf8), for: .owner)
    }

    private static func check(_ password: [UInt8], _ operation: String) throws(RESTStartError) {
        guard (8...PasswordHash.passwordBytesMaximum).contains(password.count) else {
            throw RESTStartError(
                operation: operation, message: "a password has 8 to \(PasswordHash.passwordBytesMaximum) bytes")
        }
    }

    private static func givenPassword(in directory: ServerDirectory) throws(RESTStartError) -> [UInt8]? {
        guard var password = try directory.read(RESTConfiguration.passwordFile, for: .owner) else { return nil }
        while password.last == UInt8(ascii: "\n") || password.last == UInt8(ascii: "\r") { password.removeLast() }
        try check(password, "read \(directory.path)/\(RESTConfiguration.passwordFile)")
        return password
    }

    /// Made from the system's random numbers, and left for the operator before its hash is written.
    private static func newPassword(in directory: ServerDirectory) throws(RESTStartError) -> [UInt8] {
        let password = (0..<passwordLength).map { _ in alphabet[Int.random(in: alphabet.indices)] }
        try directory.write(RESTConfiguration.passwordFile, password + [UInt8(ascii: "\n")], for: .owner)
        return password
    }
}
