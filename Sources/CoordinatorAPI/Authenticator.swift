internal import Crypto
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Says who sends a request.
///
/// A password is checked against its hash once; after that its HMAC under a key of this process is remembered, so that
/// not every GET pays for scrypt.
final class Authenticator: Sendable {
    enum Verdict: Hashable, Sendable {
        case user(String, Accounts.Role)
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
    /// Of one address: whoever guesses from one leaves places to the others.
    static let waitingPerPeerMaximum = 4

    private struct State {
        /// At most one an account.
        var known: [(code: HMAC<SHA256>.MAC, user: String)] = []
        var accounts: Accounts
        var complaint = Complaint()
        var running = 0
        var waiting: [(peer: String, place: CheckedContinuation<Void, Never>)] = []
    }

    private let decoy: PasswordHash
    private let key = SymmetricKey(size: .bits256)
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
        guard let credentials = header.flatMap(BasicCredentials.init) else { return .missing }
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(credentials.user.utf8) + [0] + credentials.password, using: key)
        if let verdict = remembered(code) { return verdict }
        guard await enter(from: peer) else { return .busy }
        defer { leave() }
        // Whoever stood in front may have had the same credentials.
        if let verdict = remembered(code) { return verdict }
        let account = state.withLock { $0.accounts.accounts[credentials.user] }
        let candidate = account?.hash ?? decoy
        let password = credentials.password
        let isRight = try? await NIOThreadPool.singleton.runIfActive { candidate.matches(password) }
        guard isRight == true, let account else { return .wrong(user: credentials.user) }
        state.withLock { state in
            // It may have been replaced in the meantime.
            guard state.accounts.accounts[credentials.user] == account else { return }
            state.known.removeAll { $0.user == credentials.user }
            state.known.append((code, credentials.user))
        }
        return .user(credentials.user, account.role)
    }

    /// The comparison takes the same time wherever two codes differ.
    private func remembered(_ code: HMAC<SHA256>.MAC) -> Verdict? {
        state.withLock { state in
            guard let user = state.known.first(where: { $0.code == code })?.user else { return nil }
            return state.accounts.accounts[user].map { .user(user, $0.role) }
        }
    }

    private enum Entry {
        case now
        case later
        case never
    }

    private func enter(from peer: String) async -> Bool {
        var isAdmitted = true
        await withCheckedContinuation { continuation in
            let entry = state.withLock { state -> Entry in
                if state.running < Self.checksMaximum {
                    state.running += 1
                    return .now
                }
                guard state.waiting.count < Self.waitingMaximum,
                    state.waiting.count(where: { $0.peer == peer }) < Self.waitingPerPeerMaximum
                else { return .never }
                state.waiting.append((peer, continuation))
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
            return state.waiting.removeFirst().place
        }
        next?.resume()
    }
}
