internal import Synchronization

/// So many do something costly at once; a bounded number of others wait for their turn, and the rest are sent away.
final class Places: Sendable {
    private struct State {
        var running = 0
        var waiting: [(peer: String, place: CheckedContinuation<Void, Never>)] = []
    }

    private enum Entry {
        case now
        case later
        case never
    }

    private let runningMaximum: Int
    private let waitingMaximum: Int
    private let waitingPerPeerMaximum: Int
    private let state = Mutex(State())

    /// - Parameter waitingPerPeerMaximum: whoever asks often from one address leaves places to the others.
    init(runningMaximum: Int, waitingMaximum: Int, waitingPerPeerMaximum: Int) {
        self.runningMaximum = runningMaximum
        self.waitingMaximum = waitingMaximum
        self.waitingPerPeerMaximum = waitingPerPeerMaximum
    }

    /// Does it at this address's turn; `nil` where too many wait.
    func with<Result: Sendable, Failure: Error>(
        peer: String, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result? {
        guard await enter(peer) else { return nil }
        defer { leave() }
        return try await body()
    }

    private func enter(_ peer: String) async -> Bool {
        var isAdmitted = true
        await withCheckedContinuation { continuation in
            let entry = state.withLock { state -> Entry in
                if state.running < runningMaximum {
                    state.running += 1
                    return .now
                }
                guard state.waiting.count < waitingMaximum,
                    state.waiting.count(where: { $0.peer == peer }) < waitingPerPeerMaximum
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
