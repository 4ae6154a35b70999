public import Fleet
public import Ports
internal import Synchronization

/// Probes that come back at once, unless a test says otherwise; no packet is sent.
public final class SimulatedProbe: PathProbe {
    private struct State {
        var verdicts: [Address: ProbeResult.Verdict] = [:]
        var error: ProbeError?
        var session: ProbeSession?
        var sessions = 0
        var isStalled = false
    }

    /// What a round trip on a quiet network takes.
    public static let roundTripMicroseconds: UInt64 = 200

    private let state = Mutex(State())

    public init() {}

    public func open(_ session: ProbeSession) async throws(ProbeError) {
        let error = state.withLock { state in
            if state.error == nil {
                state.session = session
                state.sessions += 1
            }
            return state.error
        }
        if let error { throw error }
    }

    public func ask(_ targets: [ProbeTarget]) async -> [ProbeResult] {
        while state.withLock({ $0.isStalled && $0.session != nil }), !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(1))
        }
        return state.withLock { state in
            targets.map { target in
                ProbeResult(
                    target: target,
                    verdict: state.verdicts[target.address] ?? .echoed(microseconds: Self.roundTripMicroseconds))
            }
        }
    }

    public func close() async { state.withLock { $0.session = nil } }

    // MARK: What a test may do to it

    /// What probing this address finds from now on, `nil` for an echo.
    public func find(_ verdict: ProbeResult.Verdict?, at address: Address) {
        state.withLock { $0.verdicts[address] = verdict }
    }

    /// While it is so, what is asked waits for its answers until the session is closed.
    public func stall(_ isStalled: Bool) { state.withLock { $0.isStalled = isStalled } }

    /// Sessions cannot be opened until it is `nil` again.
    public func fail(with error: ProbeError?) { state.withLock { $0.error = error } }

    /// How many sessions were opened.
    public var sessions: Int { state.withLock { $0.sessions } }
    public var isOpen: Bool { state.withLock { $0.session != nil } }
}
