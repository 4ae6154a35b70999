internal import Fleet
internal import Ports

/// One `ask`: which datagram goes out when, which came back, and what that says of each target.
///
/// Pure: it is told the time, and holds no socket. A small and a full-sized datagram go to each target in the given order
/// and again after growing waits; when both came back, an oversized one goes out once.
struct ProbeRound: Hashable, Sendable {
    /// The wait after each transmission. The first is beyond a fleet's usual round trip, so that few are sent twice; the
    /// others give a peer that opens late its chance. After the last one, 3 s after the first transmission, nobody waits.
    static let waitsMilliseconds: [UInt64] = [100, 200, 400, 800, 1_500]
    /// An oversized datagram is sent once, after the path has answered, and only warns: a second is enough for any path.
    static let oversizedWaitMilliseconds: UInt64 = 1_000
    /// A fleet's 262 143 nodes with four addresses each; three sequence numbers a target are far from wrapping around.
    static let targetsMaximum = 1 << 20

    /// One datagram to send now.
    struct Transmission: Hashable, Sendable {
        /// Index into the targets.
        var target: Int
        var size: ProbeSize
        var sequence: UInt32
        var payloadBytes: Int
    }

    /// What the kernel said to one transmission.
    enum SendOutcome: Hashable, Sendable {
        case sent
        /// EMSGSIZE: larger than what the path takes, as far as this host knows.
        case tooLarge
        /// No for now, in the kernel's words: a full queue, or an ICMP error of an earlier datagram.
        case notYet(String)
        /// No, in the kernel's words.
        case refused(String)
    }

    enum State: Hashable, Sendable {
        case fresh
        /// `obstacle`: the kernel has taken no transmission so far, and said this.
        case underway(first: Instant, attempts: Int, obstacle: String?)
        case echoed(microseconds: UInt64)
        case tooLarge
        case refused(String)
        case lost
    }

    private struct Deadline: Hashable {
        var datagram: Int
        var moment: Instant
    }

    let paths: [PathSizes]
    let firstSequence: UInt32
    /// By datagram: three a target, in the order of `ProbeSize.allCases`.
    private(set) var states: [State]
    /// Datagrams that may go out as soon as the pace allows.
    private var ready = ProbeQueue<Int>()
    /// By number of transmissions, the last for oversized ones. Each wait is constant, so each queue is in order of time.
    private var waiting: [ProbeQueue<Deadline>]
    private var pace: ProbePace
    /// Datagrams whose fate is open.
    private var openCount: Int

    /// - Parameters:
    ///   - paths: one a target.
    ///   - order: the targets' indices, each once.
    ///   - firstSequence: the round takes ``sequenceCount`` numbers from it on.
    init(_ paths: [PathSizes], order: [Int], firstSequence: UInt32, at now: Instant) {
        precondition(paths.count <= Self.targetsMaximum, "a round has at most \(Self.targetsMaximum) targets")
        precondition(order.count == paths.count, "every target has its place in the order")
        self.paths = paths
        self.firstSequence = firstSequence
        states = Array(repeating: .fresh, count: paths.count * ProbeSize.allCases.count)
        waiting = Array(repeating: ProbeQueue(), count: Self.waitsMilliseconds.count + 1)
        pace = ProbePace(at: now)
        openCount = paths.count * 2
        for target in order {
            ready.append(Self.datagram(target, .small))
            ready.append(Self.datagram(target, .full))
        }
    }

    /// How many sequence numbers the round may use.
    var sequenceCount: UInt32 { UInt32(states.count) }
    var isDone: Bool { openCount == 0 }

    /// When ``transmissions(at:)`` has something to do next; `nil` when the round is done.
    var wake: Instant? {
        guard !isDone else { return nil }
        let deadlines = waiting.compactMap { $0.first?.moment }
        return (ready.isEmpty ? deadlines : deadlines + [pace.next]).min()
    }

    /// The target that a sequence number was for; `nil` where it is not of this round.
    func target(of sequence: UInt32) -> Int? { datagram(of: sequence).map { $0 / ProbeSize.allCases.count } }

    /// Gives up what waited too long, and answers what to send now; tell each one's ``record(_:of:)``.
    mutating func transmissions(at now: Instant) -> [Transmission] {
        for level in waiting.indices {
            while let deadline = waiting[level].first, deadline.moment <= now {
                _ = waiting[level].takeFirst()
                expire(deadline.datagram, level: level)
            }
        }
        var transmissions: [Transmission] = []
        while let datagram = ready.first {
            if isSettled(datagram) {
                _ = ready.takeFirst() // Its echo came while it waited for another turn.
                continue
            }
            guard pace.take(at: now) else { break }
            _ = ready.takeFirst()
            if let transmission = transmit(datagram, at: now) { transmissions.append(transmission) }
        }
        return transmissions
    }

    /// What the kernel said to a transmission.
    mutating func record(_ outcome: SendOutcome, of transmission: Transmission) {
        guard let datagram = datagram(of: transmission.sequence),
            case .underway(let first, let attempts, let obstacle) = states[datagram]
        else { return } // Its echo was faster than the answer to its sending.
        switch outcome {
        case .sent:
            states[datagram] = .underway(first: first, attempts: attempts, obstacle: nil)
        case .notYet(let words):
            // One that went out earlier may have arrived: then the path is silent, not this host.
            guard attempts == 1 || obstacle != nil else { return }
            states[datagram] = .underway(first: first, attempts: attempts, obstacle: words)
        case .tooLarge:
            settle(datagram, transmission.size == .small ? .refused("even a small datagram is too large") : .tooLarge)
        case .refused(let words):
            settle(datagram, .refused(words))
        }
    }

    /// An echo came from the right peer. Answers whether it was awaited: not twice, not after giving up, not shortened.
    mutating func echo(_ sequence: UInt32, payloadBytes: Int, at now: Instant) -> Bool {
        guard let datagram = datagram(of: sequence), case .underway(let first, _, _) = states[datagram],
            self.payloadBytes(datagram) == payloadBytes
        else { return false }
        settle(datagram, .echoed(microseconds: now.microseconds(since: first)))
        let target = datagram / ProbeSize.allCases.count
        if case .echoed = state(target, .small), case .echoed = state(target, .full),
            case .fresh = state(target, .oversized), paths[target].oversizedPayloadBytes != nil
        {
            openCount += 1
            ready.append(Self.datagram(target, .oversized))
        }
        return true
    }

    func state(_ target: Int, _ size: ProbeSize) -> State { states[Self.datagram(target, size)] }

    private mutating func expire(_ datagram: Int, level: Int) {
        guard !isSettled(datagram), case .underway(_, _, let obstacle) = states[datagram] else { return }
        if level < Self.waitsMilliseconds.count - 1 {
            ready.append(datagram)
        } else {
            settle(datagram, obstacle.map { .refused($0) } ?? .lost)
        }
    }

    private mutating func transmit(_ datagram: Int, at now: Instant) -> Transmission? {
        guard let payloadBytes = payloadBytes(datagram) else { return nil }
        let size = Self.size(datagram)
        let attempts: Int
        switch states[datagram] {
        case .fresh:
            attempts = 1
            states[datagram] = .underway(first: now, attempts: 1, obstacle: nil)
        case .underway(let first, let earlier, let obstacle):
            attempts = earlier + 1
            states[datagram] = .underway(first: first, attempts: attempts, obstacle: obstacle)
        case .echoed, .tooLarge, .refused, .lost:
            return nil // Settled ones were left out by the caller.
        }
        let isOnce = size == .oversized
        let level = isOnce ? Self.waitsMilliseconds.count : attempts - 1
        let wait = isOnce ? Self.oversizedWaitMilliseconds : Self.waitsMilliseconds[level]
        waiting[level].append(Deadline(datagram: datagram, moment: now.advanced(byMilliseconds: wait)))
        return Transmission(
            target: datagram / ProbeSize.allCases.count, size: size,
            sequence: firstSequence &+ UInt32(datagram), payloadBytes: payloadBytes)
    }

    private mutating func settle(_ datagram: Int, _ state: State) {
        states[datagram] = state
        openCount -= 1
    }

    private func isSettled(_ datagram: Int) -> Bool {
        switch states[datagram] {
        case .fresh, .underway: false
        case .echoed, .tooLarge, .refused, .lost: true
        }
    }

    private func payloadBytes(_ datagram: Int) -> Int? {
        paths[datagram / ProbeSize.allCases.count].payloadBytes(Self.size(datagram))
    }

    private func datagram(of sequence: UInt32) -> Int? {
        let datagram = Int(sequence &- firstSequence)
        return datagram < states.count ? datagram : nil
    }

    private static func datagram(_ target: Int, _ size: ProbeSize) -> Int {
        target * ProbeSize.allCases.count + Int(size.rawValue) - 1
    }

    private static func size(_ datagram: Int) -> ProbeSize {
        ProbeSize.allCases[datagram % ProbeSize.allCases.count]
    }
}
