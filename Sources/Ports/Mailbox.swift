internal import Synchronization

/// What one side brings and another handles, on whatever threads, in the order in which it came.
///
/// What comes while the consumer is busy is handed over together: a fleet that connects at once brings its messages one by one,
/// and the further behind their consumer is the cheaper each of them becomes.
public final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isFinished = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let maximum: Int

    /// - Parameter maximum: how many may wait; what comes beyond them is dropped.
    public init(maximum: Int) { self.maximum = maximum }

    /// Answers how many were dropped: the newest for which there was no room, and all after the end.
    @discardableResult
    public func put(_ elements: [Element]) -> Int {
        let (dropped, wake) = state.withLock { state in
            let room = state.isFinished ? 0 : maximum - state.elements.count
            let wasEmpty = state.elements.isEmpty
            // Mostly nothing waits: the batch is taken as it is, and not copied.
            if wasEmpty && elements.count <= room {
                state.elements = elements
            } else {
                state.elements += elements.prefix(room)
            }
            return (max(0, elements.count - room), wasEmpty && !state.elements.isEmpty ? state.wake : nil)
        }
        wake?()
        return dropped
    }

    /// Nothing more will come.
    public func finish() {
        let wake = state.withLock { state in
            state.isFinished = true
            defer { state.wake = nil }
            return state.wake
        }
        wake?()
    }

    /// All that waits; at the end what was left, and then nothing.
    public func takeAll() -> (elements: [Element], isFinished: Bool) {
        state.withLock { state in
            defer { state.elements = [] }
            return (state.elements, state.isFinished)
        }
    }

    /// Calls `wake` when something comes into the empty mailbox and at the end; at once where something waits or the end has
    /// come.
    public func notify(_ wake: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            if !state.isFinished { state.wake = wake }
            return !state.elements.isEmpty || state.isFinished
        }
        if isDue { wake() }
    }
}
