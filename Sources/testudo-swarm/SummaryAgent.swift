internal import BusProtocol
internal import Fleet
internal import Ladder
internal import LinuxHost
internal import MeshKeys
internal import Simulated
internal import ZeroMQ

/// One agent of a large fleet: the real machine and the real messages, and one state that speaks for all of its edges.
///
/// It has neither kernel nor keys nor disk, and takes orders that treat all edges alike. Used on one thread.
final class SummaryAgent {
    /// More orders than an on and an off have.
    private static let watchedMaximum = 16

    private let dealer: ZeroMQSocket
    private let incarnation = UInt64.random(in: .min ... .max)
    private let bootID: [UInt8]
    private let roster: RosterVersion
    private let clock = BootClock()
    /// Orders whose sizes are still told.
    private var watched: Int
    private var orderBytes = 0
    private var ladder = NodeLadder(epoch: nil, generation: .none)
    private var edges = EdgeState.clear
    private var isConnected = false
    private(set) var isWelcome = false
    /// How often a connection that stood was lost.
    private(set) var losses = 0
    private(set) var heartbeatMilliseconds: UInt64 = 1_000

    /// - Parameters:
    ///   - dealer: connects already.
    ///   - roster: what it says that it holds.
    ///   - isWatched: tells the sizes of its first messages.
    init(_ index: Int, _ dealer: consuming ZeroMQSocket, roster: RosterVersion, isWatched: Bool = false) {
        watched = isWatched ? Self.watchedMaximum : 0
        self.dealer = dealer
        self.roster = roster
        bootID = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 16)
    }

    func join(_ set: borrowing SocketSet, as name: Int) throws { try set.add(dealer, as: name) }

    /// Reads all that has come, does it, and says hello on a new connection.
    func serve() throws {
        var isHeard = false
        while let message = try dealer.receive() {
            isHeard = true
            guard let frame = message.frames.first, message.frames.count == 1 else { continue }
            orderBytes = frame.count
            try take(WireCodec.coordinatorMessage(frame))
        }
        // Who hears something is connected; whether that has changed is looked at with the next heartbeat at the latest.
        if !isHeard || !isConnected, try hasConnected() { try serve() }
    }

    /// A sign of life.
    func beat() throws {
        guard isWelcome else { return }
        try send(.heartbeat(ladder.heartbeat(standing: standing, packets: 0, problems: [])))
        // What came meanwhile is told of no more.
        try serve()
    }

    /// Whether a connection came that has not heard of us.
    private func hasConnected() throws -> Bool {
        let isWritable = try dealer.isWritable()
        if isWritable == isConnected { return false }
        isConnected = isWritable
        guard isWritable else {
            losses += 1
            isWelcome = false
            return false
        }
        try send(
            .hello(
                Hello(
                    protocolVersion: protocolVersion, bootID: bootID, incarnation: incarnation, epoch: ladder.epoch,
                    newest: ladder.accepted.generation, roster: roster)))
        return true
    }

    private func send(_ message: AgentMessage) throws { _ = try dealer.send([WireCodec.encode(message)]) }

    private var standing: Standing { Standing(common: edges) }

    private func take(_ message: CoordinatorMessage) throws {
        switch message {
        case .welcome(let welcome):
            heartbeatMilliseconds = UInt64(welcome.heartbeatMilliseconds)
            isWelcome = true
            let told = welcome.roster.map { RosterVersion(of: $0) } ?? roster
            ladder.welcome(epoch: SwarmFleet.epoch, roster: told)
            try beat()
        case .offers(let share): ladder.receive(offers: share.version)
        case .order(let order): try perform(ladder.receive(order, at: clock.now()))
        case .heartbeat, .inquiry: break
        }
    }

    private func perform(_ effects: [NodeLadder.Effect]) throws {
        for effect in effects {
            switch effect {
            case .persist: try perform(ladder.generationPersisted())
            case .perform(let work): try perform(ladder.performed(perform(work)))
            case .report(let report):
                if watched > 0 {
                    watched -= 1
                    tell("{\"order\":\(orderBytes),\"answer\":\(try WireCodec.encode(.report(report)).count)}")
                }
                try send(.report(report))
            }
        }
    }

    private func perform(_ work: NodeLadder.Work) -> NodeLadder.Performance {
        switch work {
        case .preflight, .observe: return .init(standing: standing)
        case .probe: return .init(standing: standing, probeMicroseconds: SimulatedProbe.roundTripMicroseconds)
        case .offer(let generation):
            // Nobody looks into it; a set of a fleet has no two that are alike.
            let id = [incarnation, generation.rawValue].flatMap { number in
                (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
            let slot = Slot(UInt16(truncatingIfNeeded: generation.rawValue % UInt64(Slot.maximum)))
            return .init(standing: standing, offer: slot.map { Offer(id: id, ephemeralKey: id + id, slot: $0) })
        case .move(let rule, let fresh):
            guard let place = rule.base, rule == EdgeRule(base: place) else {
                return refusal("a summary of all edges cannot take some of them elsewhere")
            }
            let set = fresh?.version.generation
            if edges.isAt(place, set) { return .init(standing: standing) }
            if let objection = edges.objection(to: place, set) { return refusal(objection) }
            edges = edges.moved(to: place, set)
            return .init(standing: standing)
        }
    }

    private func refusal(_ message: String) -> NodeLadder.Performance {
        .init(refusals: [Refusal(cause: .order, message: message)], standing: standing)
    }
}
