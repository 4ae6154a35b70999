import Fleet
import Ports
import Synchronization
import Testing

@testable import Probe

/// What the tests on loopback addresses have in common.
enum Loopback {
    /// The wait for a condition ends here; it is no measure of anything.
    static let deadline: Duration = .seconds(20)

    /// Below the ephemeral range, so that no other program is given one; each test takes its own.
    private static let ports = Atomic<UInt16>(.random(in: 20_000..<31_000))

    static func port() -> UInt16 { ports.wrappingAdd(1, ordering: .relaxed).newValue }

    static func address(_ text: String) throws -> Address { try #require(Address(text)) }

    /// A socket that a test speaks with by hand.
    static func socket(_ own: Address, _ port: UInt16) throws -> ProbeSocket {
        try ProbeSocket(own: own, port: port, mtuBytes: 1_500)
    }

    /// Waits for a datagram at a socket that a test holds.
    static func receive(_ socket: ProbeSocket) async throws -> (datagram: ProbeDatagram?, sender: Endpoint) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let end = ContinuousClock.now + deadline
        while ContinuousClock.now < end {
            if let (count, sender) = socket.receive(into: &buffer) {
                return (ProbeDatagram(buffer.span.extracting(first: count)), sender)
            }
            await Task.yield()
        }
        throw TimeOut()
    }

    /// Waits for a condition.
    static func wait(for condition: () async -> Bool) async throws {
        let end = ContinuousClock.now + deadline
        while ContinuousClock.now < end {
            if await condition() { return }
            await Task.yield()
        }
        throw TimeOut()
    }

    struct TimeOut: Error {}
}

/// Runs with real time until a test moves it or holds it.
final class TestClock: MonotonicClock {
    private static let origin = ContinuousClock.now
    private struct State {
        var ahead: UInt64 = 0
        var held: Instant?
    }
    private let state = Mutex(State())

    init() {}

    func now() -> Instant {
        state.withLock { $0.held ?? Instant(microseconds: Self.real + $0.ahead) }
    }

    func sleep(until moment: Instant) async {
        try? await Task.sleep(for: .microseconds(moment.microseconds(since: now())))
    }

    func advance(seconds: Int) { state.withLock { $0.ahead += UInt64(seconds) * 1_000_000 } }

    /// No time passes any more: whoever waits for it waits for ever.
    func hold() {
        let moment = now()
        state.withLock { $0.held = moment }
    }

    private static var real: UInt64 {
        // Its first use sets the origin, which must not be later than now.
        let origin = origin
        let (seconds, attoseconds) = (ContinuousClock.now - origin).components
        return UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
    }
}

extension ProbeResult.Verdict {
    var isEchoed: Bool {
        if case .echoed = self { true } else { false }
    }

    var isUnsent: Bool {
        if case .unsent = self { true } else { false }
    }
}
