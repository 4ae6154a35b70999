internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread of its own for one actor and those that share its executor: it runs their jobs, and between them waits where the actor
/// says.
///
/// Blocking is allowed here and nowhere else. The actor calls ``stop()`` in its `deinit`; until then the thread lives.
public final class LoopThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var turn: (@Sendable () -> Void)?
        var isStopped = false
    }

    private let state = Mutex(State())
    /// `pthread_self()` of the thread, 0 before it runs.
    private let thread = Atomic<UInt>(0)
    private let name: String
    /// Signalled when a job comes in: the turn waits with it.
    public let wake: WakeDescriptor

    /// - Parameter name: shown by `top -H`, cut to 15 bytes.
    public init(name: String) throws(ZeroMQError) {
        self.name = name
        wake = try WakeDescriptor()
        var attributes = pthread_attr_t()
        var identifier = pthread_t()
        // Safe because the thread gets a reference of its own, which it takes over, or which is given back here.
        unsafe pthread_attr_init(&attributes)
        defer { _ = unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let reference = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(&identifier, &attributes, Self.main, reference.toOpaque())
        guard code == 0 else {
            unsafe reference.release()
            throw ZeroMQError(operation: "pthread_create", code: code)
        }
    }

    /// What the thread does between jobs: wait (with ``wake``) and serve the sockets. `nil`: wait for jobs alone.
    public func setTurn(_ turn: (@Sendable () -> Void)?) {
        state.withLock { $0.turn = turn }
        wake.signal()
    }

    /// Lets the thread end once no job is left.
    public func stop() {
        state.withLock {
            $0.isStopped = true
            $0.turn = nil
        }
        wake.signal()
    }

    /// Gives the processor up once, where others wait for it (sched_yield(2)).
    public static func letOthersRun() { sched_yield() }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wasEmpty = state.withLock { state in
            state.jobs.append(job)
            return state.jobs.count == 1
        }
        if wasEmpty { wake.signal() }
    }

    public func checkIsolated() { precondition(isOwnThread, "on the loop's own thread") }

    public func isIsolatingCurrentContext() -> Bool? { isOwnThread }

    private var isOwnThread: Bool { pthread_self() == thread.load(ordering: .acquiring) }

    // Safe because the argument is the reference that init passed, and it is taken over exactly once.
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<LoopThread>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }

    private func run() {
        thread.store(pthread_self(), ordering: .releasing)
        // Safe because the text is copied during the call.
        unsafe testudo_name_thread(name)
        while true {
            let (jobs, isStopped) = state.withLock { state in
                let jobs = state.jobs
                state.jobs.removeAll(keepingCapacity: true)
                return (jobs, state.isStopped)
            }
            // Safe because the thread holds a reference to the executor for as long as it runs.
            for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped, jobs.isEmpty { return }
            if let turn = state.withLock({ $0.turn }) {
                turn()
            } else {
                wake.wait()
            }
        }
    }
}
