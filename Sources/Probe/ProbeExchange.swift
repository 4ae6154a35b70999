internal import Fleet
internal import Ports

/// Targets to ask, and who waits for the answer.
struct ProbeQuestion: Sendable {
    var number: UInt64
    var targets: [ProbeTarget]
    /// The targets' indices in the order in which they are asked.
    var order: [Int]
    var answer: CheckedContinuation<[ProbeResult], Never>
}

/// What one session's thread does with its sockets: answers peers, asks targets. One question after the other.
struct ProbeExchange: ~Copyable {
    /// So many datagrams are read from a socket before the next one has its turn, and before any is sent.
    static let readsMaximum = 256
    /// The largest UDP payload is a little smaller.
    private static let bufferByteCount = 65_536

    let session: ProbeSession
    let sockets: [ProbeSocket]
    private let clock: any MonotonicClock
    private let tally: ProbeTally
    private var buffer = [UInt8](repeating: 0, count: bufferByteCount)
    private var questions: [ProbeQuestion] = []
    private var active: ActiveQuestion?
    /// Runs on from round to round, so that a late echo of one is not taken for another's.
    private var nextSequence: UInt32 = 0

    fileprivate struct ActiveQuestion {
        var question: ProbeQuestion
        var round: ProbeRound
        /// By the round's target: where it stands in the question, and its socket.
        var asked: [(index: Int, socket: ProbeSocket)]
        var results: [ProbeResult]
    }

    init(session: ProbeSession, sockets: [ProbeSocket], clock: any MonotonicClock, tally: ProbeTally) {
        self.session = session
        self.sockets = sockets
        self.clock = clock
        self.tally = tally
    }

    /// When there is something to send or to give up; `nil` where all waits for the network alone.
    var wake: Instant? { active?.round.wake }

    /// Questions without an answer so far.
    var openCount: Int { questions.count + (active == nil ? 0 : 1) }

    mutating func add(_ question: ProbeQuestion) { questions.append(question) }

    /// Ends one question, or all: whoever has not answered yet is silent.
    mutating func end(where isMeant: (ProbeQuestion) -> Bool = { _ in true }) {
        if let current = active, isMeant(current.question) {
            active = nil
            current.finish()
        }
        for question in questions where isMeant(question) { question.finish(.silent) }
        questions.removeAll(where: isMeant)
    }

    /// Sends what is due, and answers the questions that are done.
    mutating func send() {
        while true {
            if active == nil {
                guard !questions.isEmpty else { return }
                begin(questions.removeFirst())
            }
            guard var current = active else { return }
            active = nil // Else the round would be copied with each change.
            for transmission in current.round.transmissions(at: clock.now()) { transmit(transmission, &current) }
            guard current.round.isDone else {
                active = current
                return
            }
            current.finish()
        }
    }

    /// Reads what has come: answers requests, takes echoes.
    mutating func receive() {
        for socket in sockets {
            for _ in 0..<Self.readsMaximum {
                guard let (count, sender) = socket.receive(into: &buffer) else { break }
                let datagram = ProbeDatagram(buffer.span.extracting(first: count))
                guard let datagram, session.admits(datagram, from: sender) else {
                    tally.count { $0.ignored += 1 }
                    continue
                }
                if let answer = datagram.answer {
                    reply(answer, to: sender, by: socket)
                } else if !take(datagram, from: sender.address, by: socket) {
                    tally.count { $0.ignored += 1 }
                }
            }
        }
    }

    private func reply(_ answer: ProbeDatagram, to sender: Endpoint, by socket: ProbeSocket) {
        let outcome = socket.send(answer.encoded(), to: sender, mayFragment: answer.size == .oversized)
        tally.count { counters in
            if outcome == .sent { counters.answered += 1 } else { counters.unanswered += 1 }
        }
    }

    private mutating func take(_ echo: ProbeDatagram, from sender: Address, by socket: ProbeSocket) -> Bool {
        guard let asked = active?.asked(echo.sequence), asked.socket === socket, asked.address == sender else {
            return false
        }
        // In place: a copy of the round for each echo would be quadratic.
        return active?.round.echo(echo.sequence, payloadBytes: echo.byteCount, at: clock.now()) ?? false
    }

    private mutating func begin(_ question: ProbeQuestion) {
        var asked: [(index: Int, socket: ProbeSocket)] = []
        var results = question.targets.map { ProbeResult(target: $0, verdict: .silent) }
        for index in question.order {
            let target = question.targets[index]
            if let socket = sockets.first(where: { $0.own == target.own }) {
                if target.address.family == target.own.family {
                    asked.append((index, socket))
                } else {
                    results[index].verdict = .unsent("\(target.own) cannot send to \(target.address)")
                }
            } else {
                results[index].verdict = .unsent("\(target.own) is not an address of this session")
            }
        }
        let round = ProbeRound(
            asked.map(\.socket.sizes), order: Array(asked.indices), firstSequence: nextSequence, at: clock.now())
        nextSequence &+= round.sequenceCount
        active = ActiveQuestion(question: question, round: round, asked: asked, results: results)
    }

    private func transmit(_ transmission: ProbeRound.Transmission, _ current: inout ActiveQuestion) {
        let (index, socket) = current.asked[transmission.target]
        let request = ProbeDatagram(
            kind: .request, size: transmission.size, sequence: transmission.sequence, nonce: session.nonce,
            byteCount: transmission.payloadBytes)
        let peer = Endpoint(address: current.question.targets[index].address, port: session.port)
        let outcome = socket.send(request.encoded(), to: peer, mayFragment: transmission.size == .oversized)
        current.round.record(outcome, of: transmission)
    }
}

extension ProbeExchange.ActiveQuestion {
    /// From which socket a sequence number went where.
    fileprivate func asked(_ sequence: UInt32) -> (socket: ProbeSocket, address: Address)? {
        guard let target = round.target(of: sequence) else { return nil }
        return (asked[target].socket, question.targets[asked[target].index].address)
    }

    /// Answers with what is known now.
    fileprivate func finish() {
        var results = results
        for (target, (index, _)) in asked.enumerated() {
            results[index].verdict = round.verdict(target)
            results[index].losesFragments = round.losesFragments(target)
        }
        question.answer.resume(returning: results)
    }
}

extension ProbeQuestion {
    /// Answers with one verdict for all.
    func finish(_ verdict: ProbeResult.Verdict) {
        answer.resume(returning: targets.map { ProbeResult(target: $0, verdict: verdict) })
    }
}
