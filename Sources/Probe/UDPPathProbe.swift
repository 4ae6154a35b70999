internal import Fleet
public import Ports

/// Probes with UDP sockets of this host, one for each own address, which exist only while a session is open.
///
/// A session has a thread of its own, since a wait for sockets must not hold up the tasks of this process.
public actor UDPPathProbe: PathProbe {
    private let clock: any MonotonicClock
    private let tally = ProbeTally()
    private var thread: ProbeThread?
    private var questionCount: UInt64 = 0

    /// - Parameter clock: measures round trips and ends sessions.
    public init(clock: any MonotonicClock) { self.clock = clock }

    deinit { thread?.close() }

    /// What was answered and what was ignored so far.
    public var counters: ProbeCounters { tally.current }

    public func open(_ session: ProbeSession) async throws(ProbeError) {
        // Another call may have opened one meanwhile: it is the older one then.
        while thread != nil { await close() }
        guard session.port != 0 else { throw ProbeError(operation: "open", message: "a session needs a port") }
        let interfaces = try InterfaceMTU.all()
        var sockets: [ProbeSocket] = []
        for own in session.own {
            guard let mtuBytes = InterfaceMTU.find(own, in: interfaces) else {
                throw ProbeError(operation: "open", message: "no interface has \(own)")
            }
            sockets.append(try ProbeSocket(own: own, port: session.port, mtuBytes: mtuBytes))
        }
        thread = try ProbeThread(session: session, sockets: sockets, clock: clock, tally: tally)
    }

    /// Without a session every target is unsent. When the session ends, or the caller's task is cancelled, those that have
    /// not answered by then are silent.
    public func ask(_ targets: [ProbeTarget]) async -> [ProbeResult] {
        guard let thread else { return targets.map { Self.unsent($0, "no probe session is open") } }
        questionCount += 1
        let number = questionCount
        let order = targets.indices.shuffled()
        return await withTaskCancellationHandler {
            await withCheckedContinuation {
                thread.ask(ProbeQuestion(number: number, targets: targets, order: order, answer: $0))
                // The handler may have come before the question, and found nothing to withdraw.
                if Task.isCancelled { thread.withdraw(number) }
            }
        } onCancel: {
            thread.withdraw(number)
        }
    }

    public func close() async {
        guard let thread else { return }
        await thread.end()
        // By now another call may have opened the next one, which stays.
        if self.thread === thread { self.thread = nil }
    }

    private static func unsent(_ target: ProbeTarget, _ words: String) -> ProbeResult {
        ProbeResult(target: target, verdict: .unsent(words))
    }
}
