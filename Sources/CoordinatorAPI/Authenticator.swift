internal import Crypto
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Says who sends a request.
///
/// A password is checked against its hash once; after that the header's HMAC under a key of this process is remembered, so
/// that not every GET pays for scrypt.
final class Authenticator: Sendable {
    enum Verdict: Hashable, Sendable {
        case user(String, Accounts.Role)
        /// Wrong name or password; the name is what was claimed.
        case wrong(user: String)
        /// The same wrong ones as another request's at the same time.
        case wrongToo
        /// No credentials, or none that can be read.
        case missing
        /// Too many are being checked.
        case busy
    }

    /// Hashing takes a core and 32 MiB: strangers get one at a time, and the fleet keeps the rest.
    static let checksMaximum = 1
    /// Who waits longer than this many checks, a second or so, is told to come again.
    static let waitingMaximum = 16
    /// Of one address: whoever guesses from one leaves places to the others.
    static let waitingPerPeerMaximum = 4
    /// Of one account's header: clients do not all write it alike.
    static let spellingsMaximum = 4
    private let places = Places(
        runningMaximum: checksMaximum, waitingMaximum: waitingMaximum, waitingPerPeerMaximum: waitingPerPeerMaximum)

    private struct State {
        /// At most ``spellingsMaximum`` an account.
        var known: [(code: HMAC<SHA256>.MAC, user: String)] = []
        var accounts: Accounts
        var complaint = Complaint()

        /// The comparison takes the same time wherever two codes differ.
        func remembered(_ code: HMAC<SHA256>.MAC) -> Verdict? {
            guard let user = known.first(where: { $0.code == code })?.user else { return nil }
            return accounts.accounts[user].map { .user(user, $0.role) }
        }
        /// Credentials that are being checked, and who else sent the same.
        var checks: [HMAC<SHA256>.MAC: [CheckedContinuation<Verdict?, Never>]] = [:]
    }

    private let decoy: PasswordHash
    /// With its key, before anything is hashed.
    private let keyed = HMAC<SHA256>(key: SymmetricKey(size: .bits256))
    private let state: Mutex<State>

    init(accounts: Accounts, cost: PasswordHash.Cost) {
        state = Mutex(State(accounts: accounts))
        decoy = .decoy(cost: cost)
    }

    /// Where the file has other accounts they count from now on, and who was known has to show a password again. A file that
    /// cannot be read changes nothing.
    func reload(from path: String, logger: Logger) {
        do throws(RESTStartError) {
            let accounts = try Accounts.load(in: try ServerDirectory(path: path))
            let isOther = state.withLock { state in
                state.complaint.end()
                guard let accounts, accounts != state.accounts else { return false }
                state.accounts = accounts
                state.known = []
                return true
            }
            if isOther { logger.notice("other accounts count from now on") }
        } catch {
            if state.withLock({ $0.complaint.isNew("\(error)") }) {
                logger.error("the accounts stay as they are", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// All accounts, by their names.
    var accounts: [(name: String, role: Accounts.Role)] { state.withLock { $0.accounts.sorted } }

    /// Reads and checks an `Authorization` header.
    ///
    /// - Parameter peer: the address that it came from.
    func check(_ header: String?, from peer: String) async -> Verdict {
        guard let header, header.utf8.count <= BasicCredentials.headerBytesMaximum else { return .missing }
        var keyed = keyed
        keyed.update(data: Array(header.utf8))
        let code = keyed.finalize()
        if let verdict = state.withLock({ $0.remembered(code) }) { return verdict }
        guard let credentials = BasicCredentials(header: header) else { return .missing }
        if let verdict = await known(code) { return verdict }
        let verdict = await places.with(peer: peer) { await checked(credentials, code) } ?? .busy
        let shared: Verdict = if case .wrong = verdict { .wrongToo } else { verdict }
        for waiting in state.withLock({ $0.checks.removeValue(forKey: code) }) ?? [] {
            waiting.resume(returning: shared)
        }
        return verdict
    }

    /// The verdict on what was checked before or is being checked: a client's first calls come side by side. `nil` where they
    /// are checked from now on, by the caller.
    private func known(_ code: HMAC<SHA256>.MAC) async -> Verdict? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Verdict?, Never>) in
            let (isKnown, verdict) = state.withLock { state -> (Bool, Verdict?) in
                if let verdict = state.remembered(code) { return (true, verdict) }
                guard state.checks[code] != nil else {
                    state.checks[code] = []
                    return (true, nil)
                }
                state.checks[code]?.append(continuation)
                return (false, nil)
            }
            if isKnown { continuation.resume(returning: verdict) }
        }
    }

    private func checked(_ credentials: BasicCredentials, _ code: HMAC<SHA256>.MAC) async -> Verdict {
        let account = state.withLock { $0.accounts.accounts[credentials.user] }
        let candidate = account?.hash ?? decoy
        let password = credentials.password
        let isRight = try? await NIOThreadPool.singleton.runIfActive { candidate.matches(password) }
        guard isRight == true, let account else { return .wrong(user: credentials.user) }
        return state.withLock { state in
            // It may have been replaced in the meantime.
            guard state.accounts.accounts[credentials.user] == account else { return .wrong(user: credentials.user) }
            state.known.append((code, credentials.user))
            if state.known.count(where: { $0.user == credentials.user }) > Self.spellingsMaximum,
                let oldest = state.known.firstIndex(where: { $0.user == credentials.user })
            {
                state.known.remove(at: oldest)
            }
            return .user(credentials.user, account.role)
        }
    }
}
