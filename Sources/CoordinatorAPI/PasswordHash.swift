internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials

/// A password as it is stored: scrypt (RFC 7914) with a salt of its own.
///
/// What is stored is an HMAC under scrypt's output, not the output: the library compares those in constant time.
struct PasswordHash: Hashable, Sendable {
    /// How much work a guess is.
    struct Cost: Hashable, Sendable {
        /// N = 2^15 with r = 8 takes 32 MiB and some 50 ms: more than guessing a generated password needs, enough
        /// for one that somebody chose.
        var logarithm = 15
        var blockSize = 8
        var parallelism = 1

        /// Beyond it the server could be stopped by its own accounts file: 1 GiB.
        static let logarithms = 1...20
        static let blockSizes = 1...8
        static let parallelisms = 1...4
    }

    static let saltBytes = 16
    static let hashBytes = 32
    private static let label = Array("testudo password 1".utf8)
    /// Longer ones are no passwords.
    static let passwordBytesMaximum = 256

    let cost: Cost
    let salt: [UInt8]
    private let hash: [UInt8]

    private init(cost: Cost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Hashes a password with a fresh salt.
    init(of password: [UInt8], cost: Cost) throws(RESTStartError) {
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max) }
        guard let key = Self.derive(password, salt, cost) else {
            throw RESTStartError(operation: "hash a password", message: "scrypt failed; is there enough memory?")
        }
        self.init(
            cost: cost, salt: salt, hash: Array(HMAC<SHA256>.authenticationCode(for: Self.label, using: key)))
    }

    /// A hash that no password has, as costly to check as another: so a wrong name takes as long as a wrong password.
    static func decoy(cost: Cost) -> PasswordHash {
        let random = (0..<saltBytes + hashBytes).map { _ in UInt8.random(in: .min ... .max) }
        return PasswordHash(cost: cost, salt: Array(random.prefix(saltBytes)), hash: Array(random.dropFirst(saltBytes)))
    }

    /// Whether this is the password. Takes long on purpose; the comparison takes the same time for every wrong one.
    func matches(_ password: [UInt8]) -> Bool {
        guard let key = Self.derive(password, salt, cost) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(hash, authenticating: Self.label, using: key)
    }

    private static func derive(_ password: [UInt8], _ salt: [UInt8], _ cost: Cost) -> SymmetricKey? {
        // The library reads the address of the first byte: there must be one.
        guard (1...passwordBytesMaximum).contains(password.count) else { return nil }
        return try? KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: hashBytes, rounds: 1 << cost.logarithm,
            blockSize: cost.blockSize, parallelism: cost.parallelism)
    }
}

extension PasswordHash {
    /// `scrypt:N's logarithm:r:p:salt:hash`, the last two in Base64.
    var text: String {
        let numbers = "\(cost.logarithm):\(cost.blockSize):\(cost.parallelism)"
        return "scrypt:\(numbers):\(Data(salt).base64EncodedString()):\(Data(hash).base64EncodedString())"
    }

    /// Fails where the text has another shape or asks for more work than ``Cost`` allows.
    init?(text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt",
            let logarithm = Int(parts[1]), Cost.logarithms.contains(logarithm),
            let blockSize = Int(parts[2]), Cost.blockSizes.contains(blockSize),
            let parallelism = Int(parts[3]), Cost.parallelisms.contains(parallelism),
            let salt = Data(base64Encoded: String(parts[4])), salt.count == Self.saltBytes,
            let hash = Data(base64Encoded: String(parts[5])), hash.count == Self.hashBytes
        else { return nil }
        let cost = Cost(logarithm: logarithm, blockSize: blockSize, parallelism: parallelism)
        self.init(cost: cost, salt: Array(salt), hash: Array(hash))
    }
}
