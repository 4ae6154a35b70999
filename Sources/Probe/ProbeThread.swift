internal import CLinux
internal import Fleet
internal import Glibc
internal import Ports
internal import Synchronization

/// The thread of one session: it waits for the session's sockets, and ends with the session.
///
/// It is no executor: while a session is open its state belongs to this thread alone, and questions reach it by an inbox.
final class ProbeThread: Sendable {
    /// An agent asks all its peers at once, and seldom again before the answer; more that wait are a mistake.
    static let questionsMaximum = 16

    private struct Inbox {
        var questions: [ProbeQuestion] = []
        /// Questions not yet answered, those that the thread has taken over included.
        var openCount = 0
        /// Numbers of questions whose askers do not wait any more.
        var withdrawn: Set<UInt64> = []
        var isClosed = false
        var isEnded = false
        /// Who waits for the end.
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Handed over to the thread, so that they are closed when it ends.
        var sockets: [ProbeSocket]
    }

    private let session: ProbeSession
    /// The session's, when nobody closes it before.
    private let deadline: Instant
    private let clock: any MonotonicClock
    private let tally: ProbeTally
    private let wake: ProbeWake
    private let inbox: Mutex<Inbox>

    /// - Parameter sockets: the session's; the thread owns them from here on.
    init(
        session: ProbeSession, sockets: [ProbeSocket], clock: any MonotonicClock, tally: ProbeTally
    ) throws(ProbeError) {
        self.session = session
        deadline = clock.now().advanced(byMilliseconds: UInt64(ProbeSession.secondsMaximum) * 1_000)
        self.clock = clock
        self.tally = tally
        wake = try ProbeWake()
        inbox = Mutex(Inbox(sockets: sockets))
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
            throw ProbeError(operation: "pthread_create", message: errnoText(code))
        }
    }

    /// Has the question answered, sooner or later: also when the session ends before, or has ended.
    func ask(_ question: ProbeQuestion) {
        let refusal: String? = inbox.withLock { inbox in
            if inbox.isEnded { return "the probe session has ended" }
            if inbox.openCount >= Self.questionsMaximum { return "\(inbox.openCount) questions wait already" }
            inbox.questions.append(question)
            inbox.openCount += 1
            return nil
        }
        if let refusal { question.finish(.unsent(refusal)) } else { wake.signal() }
    }

    /// Ends a question that was asked before: whoever has not answered yet is silent.
    func withdraw(_ number: UInt64) {
        inbox.withLock { inbox in if !inbox.isEnded { inbox.withdrawn.insert(number) } }
        wake.signal()
    }

    /// Ends the session soon; for those who cannot wait.
    func close() {
        inbox.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// Ends the session; returns when its sockets are closed and its questions answered.
    func end() async {
        close()
        await withCheckedContinuation { continuation in
            let isEnded = inbox.withLock { inbox in
                if !inbox.isEnded { inbox.waiters.append(continuation) }
                return inbox.isEnded
            }
            if isEnded { continuation.resume() }
        }
    }

    // Safe because the argument is the reference that init passed, and it is taken over exactly once.
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<ProbeThread>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }

    private func run() {
        // Safe because the text is copied during the call.
        unsafe testudo_name_thread("path-probe")
        serve()
        // The sockets are closed by now.
        let (questions, waiters) = inbox.withLock { inbox in
            inbox.isEnded = true
            defer {
                inbox.questions = []
                inbox.waiters = []
            }
            return (inbox.questions, inbox.waiters)
        }
        for question in questions { question.finish(.silent) }
        for waiter in waiters { waiter.resume() }
    }

    /// Serves the session to its end; the sockets end with this call.
    private func serve() {
        let sockets = inbox.withLock { inbox in
            defer { inbox.sockets = [] }
            return inbox.sockets
        }
        var exchange = ProbeExchange(session: session, sockets: sockets, clock: clock, tally: tally)
        while takeInbox(&exchange), clock.now() < deadline {
            exchange.send()
            inbox.withLock { $0.openCount = $0.questions.count + exchange.openCount }
            let next = min(exchange.wake ?? deadline, deadline)
            wake.wait(for: exchange.sockets, milliseconds: milliseconds(until: next))
            exchange.receive()
        }
        exchange.end()
    }

    /// Takes over what has come for the thread; `false` when the session is closed.
    private func takeInbox(_ exchange: inout ProbeExchange) -> Bool {
        let (questions, withdrawn, isClosed) = inbox.withLock { inbox in
            defer {
                inbox.questions = []
                inbox.withdrawn = []
            }
            return (inbox.questions, inbox.withdrawn, inbox.isClosed)
        }
        for question in questions { exchange.add(question) }
        if !withdrawn.isEmpty { exchange.end { withdrawn.contains($0.number) } }
        return !isClosed
    }

    /// A started millisecond counts, so that the moment has come when the wait ends.
    private func milliseconds(until moment: Instant) -> Int32 {
        Int32((moment.microseconds(since: clock.now()) + 999) / 1_000)
    }
}
