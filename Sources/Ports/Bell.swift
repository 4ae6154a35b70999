internal import Synchronization

/// Wakes one task, on the executor where it waits. A stream would wake it on the pool first, which hands it on.
public final class Bell: Sendable {
    private enum State {
        case silent
        case rung
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.silent)

    public init() {}

    /// Wakes who waits, else who waits next; once, however often it is rung until then.
    public func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .awaited(let waiter) = state else {
                state = .rung
                return nil
            }
            state = .silent
            return waiter
        }
        waiter?.resume()
    }

    /// Returns when it is rung, at once where it was, and when the task is cancelled. One task may wait.
    public func wait(isolation: isolated (any Actor)? = #isolation) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let wasRung = state.withLock { state in
                    if case .rung = state {
                        state = .silent
                        return true
                    }
                    if case .awaited = state { preconditionFailure("one task waits") }
                    state = .awaited(waiter)
                    return false
                }
                if wasRung { waiter.resume() }
            }
        } onCancel: {
            ring()
        }
    }
}
