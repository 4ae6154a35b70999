internal import Crypto
internal import NIOPosix
internal import Synchronization

/// Says who sends a request.
///
/// A password is checked against its hash once; after that its HMAC under a key of this process is remembered, so that
/// not every GET pays for scrypt.
final class Authenticator: Sendable {
    enum Verdict: Hashable, Sendable {
        case user(String)
        /// Wrong name or password; the name is what was claimed.
        case wrong(user: String)
        /// No credentials, or none that can be read.
        case missing
        /// Too many are being checked.
        case busy
    }

    /// Hashing takes a core and 32 MiB: strangers get one at a time, and the fleet keeps the rest.
    static let checksMaximum = 1
    /// Who waits longer than this many checks, a second or so, is told to come again.
    static let waitingMaximum = 16

    private struct State {
        /// At most one an account.
        var known: [(code: HMAC<SHA256>.MAC, user: String)] = []
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let accounts: Accounts
    private let decoy: PasswordHash
    private let key = SymmetricKey(size: .bits256)
    private let state = Mutex(State())

    init(accounts: Accounts, cost: PasswordHash.Cost) {
        self.accounts = accounts
        decoy = .decoy(cost: cost)
    }

    /// Reads and checks an `Authorization` header.
    func check(_ header: String?) async -> Verdict {
        guard let credentials = header.flatMap(BasicCredentials.init) else { return .missing }
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(credentials.user.utf8) + [0] + credentials.password, using: key)
        if let user = remembered(code) { return .user(user) }
        guard await enter() else { return .busy }
        defer { leave() }
        // Whoever stood in front may have had the same credentials.
        if let user = remembered(code) { return .user(user) }
        let hash = accounts.hashes[credentials.user]
        let candidate = hash ?? decoy
        let password = credentials.password
        let isRight = try? await NIOThreadPool.singleton.runIfActive { candidate.matches(password) }
        guard isRight == true, hash != nil else { return .wrong(user: credentials.user) }
        state.withLock { state in
            state.known.removeAll { $0.user == credentials.user }
            state.known.append((code, credentials.user))
        }
        return .user(credentials.user)
    }

    /// The comparison takes the same time wherever two codes differ.
    private func remembered(_ code: HMAC<SHA256>.MAC) -> String? {
        state.withLock { state in state.known.first { $0.code == code }?.user }
    }

    private enum Entry {
        case now
        case later
        case never
    }

    private func enter() async -> Bool {
        var isAdmitted = true
        await withCheckedContinuation { continuation in
            let entry = state.withLock { state -> Entry in
                if state.running < Self.checksMaximum {
                    state.running += 1
                    return .now
                }
                guard state.waiting.count < Self.waitingMaximum else { return .never }
                state.waiting.append(continuation)
                return .later
            }
            switch entry {
            case .now: continuation.resume()
            case .later: break
            case .never:
                isAdmitted = false
                continuation.resume()
            }
        }
        return isAdmitted
    }

    /// Hands the place on to who waits longest.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
