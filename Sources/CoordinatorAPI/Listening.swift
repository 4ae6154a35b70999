internal import Synchronization

/// Which ports the server listens on, for those who asked before it did.
final class Listening: Sendable {
    private struct State {
        var ports: [Int?]
        var isOver = false
        var waiting: [CheckedContinuation<[Int]?, Never>] = []
    }

    /// A main and a test or two.
    static let waitingMaximum = 16

    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(ports: [Int?](repeating: nil, count: count))) }

    /// One more address is bound.
    func opened(_ index: Int, port: Int) {
        let (waiting, ports) = state.withLock { state -> ([CheckedContinuation<[Int]?, Never>], [Int]) in
            state.ports[index] = port
            let ports = state.ports.compactMap(\.self)
            guard ports.count == state.ports.count else { return ([], []) }
            defer { state.waiting = [] }
            return (state.waiting, ports)
        }
        for continuation in waiting { continuation.resume(returning: ports) }
    }

    /// The server has ended, or never began.
    func ended() {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: nil) }
    }

    /// All ports, in the order of the addresses; waits until all are bound. `nil` when that will not be.
    func ports() async -> [Int]? {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> [Int]?? in
                let ports = state.ports.compactMap(\.self)
                if state.isOver { return .some(nil) }
                if ports.count == state.ports.count { return ports }
                guard state.waiting.count < Self.waitingMaximum else { return .some(nil) }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }
}
