import Fleet

@testable import Ladder

/// A small fleet made of the real machines: one rollout, its nodes with model kernels, and the queues between them.
///
/// A value, so that a walk can branch from every state.
struct World: Hashable {
    /// What travels down to a node: never reordered on one connection.
    enum Letter: Hashable {
        case order(Order)
        case offers(OfferSetVersion)
    }

    struct ModelNode: Hashable {
        var ladder: NodeLadder
        var edges: [NodeNumber: EdgeState] = [:]
        /// When the node last sent clear, and last sent with each set, to each peer; `nil` for never.
        var lastClear: [NodeNumber: Instant] = [:]
        var lastESP: [NodeNumber: [Generation: Instant]] = [:]
        /// Peers that no probe reaches.
        var blocked: Set<NodeNumber> = []
        /// Generations whose private halves this process holds.
        var secrets: Set<Generation> = []
        var refusesOnce: [Rung: String] = [:]
        var persisted = Generation.none
        var inbox: [Letter] = []
        var outbox: [Report] = []
        var isStopped = false
        /// How far behind the node believes the coordinator's clock to be.
        var lagMicroseconds: UInt64 = 0
    }

    static let epoch = Epoch(7)
    static let roster = RosterVersion(sequence: 1, digest: digest(0))
    static func digest(_ number: UInt64) -> Digest {
        Digest((0..<32).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) : 0 })
            ?? roster.digest
    }

    var now = Instant(microseconds: 0)
    var armed: Instant?
    var rollout: Rollout
    var nodes: [NodeNumber: ModelNode] = [:]
    var outcome: Rollout.Outcome?
    /// What the coordinator did, in words, since the last look.
    var transcript: [String] = []
    var keepsTranscript = false
    /// A planted fault: the coordinator is told `done` before the node has done anything.
    var forgesReports = false
    var violations: [String] = []
    /// Pairs whose kernels did not keep their state, by the edge from the lower number.
    var broken: Set<Edge> = []

    static func limits() -> RolloutLimits {
        var limits = RolloutLimits()
        limits.drain = .fixed(milliseconds: 200)
        return limits
    }

    init(
        _ kind: Rollout.Kind, count: UInt32, at state: EdgeState = .clear, generation: UInt64 = 1,
        absent: Set<NodeNumber> = [], absentEdges: Goal.Absent = .stay
    ) {
        let numbers = (1...count).compactMap { NodeNumber($0) }
        let charter = Rollout.Charter(
            id: 1, kind: kind, epoch: Self.epoch, roster: Self.roster, numbers: numbers, absent: absent,
            absentEdges: absentEdges, generation: Generation(generation), limits: Self.limits())
        rollout = Rollout(charter, fleet: FleetState(), at: now)
        for number in numbers {
            var node = ModelNode(ladder: NodeLadder(epoch: nil, generation: .none))
            for peer in numbers where peer != number { node.edges[peer] = state }
            node.ladder.welcome(epoch: Self.epoch, roster: Self.roster)
            nodes[number] = node
        }
        // What is closed toward an absent node is closed on one side only.
        for node in absent {
            for peer in numbers where peer != node { broken.insert(Edge(min(node, peer), max(node, peer))) }
        }
    }

    /// A further rollout over the same nodes, as the coordinator begins it.
    mutating func begin(_ kind: Rollout.Kind) {
        let old = rollout
        let charter = Rollout.Charter(
            id: old.charter.id + 1, kind: kind, epoch: Self.epoch, roster: Self.roster, numbers: old.charter.numbers,
            generation: old.generation.next, limits: old.charter.limits)
        rollout = Rollout(charter, fleet: old.fleet, at: now)
        outcome = nil
        perform(rollout.begin(at: now))
    }

    mutating func begin() { perform(rollout.begin(at: now)) }

    mutating func perform(_ effects: [Rollout.Effect]) {
        var queue = effects
        while !queue.isEmpty {
            let effect = queue.removeFirst()
            switch effect {
            case .journal(.plan(let generation, let isWayBack)):
                if isWayBack { tell("turn back, generation \(generation)") }
            case .journal(.step(_, let name)): if name == "drain" { tell("drain") }
            case .send(let order, let targets): send(order, to: targets)
            case .supply(let what, let node):
                tell("supply \(what) to \(letter(node))")
            case .publish(let set):
                let version = OfferSetVersion(generation: set.generation, digest: Self.digest(set.generation.rawValue))
                queue += rollout.published(version, at: now)
            case .arm(let moment): armed = moment
            case .finish(let result):
                outcome = result
                armed = nil
                tell("finished \(describe(result))")
            }
        }
    }

    private mutating func send(_ order: Order, to targets: [NodeNumber]) {
        tell("order \(order.stamp) to \(targets.map(letter).joined(separator: " ")): \(describe(order.task))")
        for node in targets {
            if case .move(_, .some(let fresh)) = order.task, fresh.isMade {
                nodes[node]?.inbox.append(.offers(fresh.version))
            }
            nodes[node]?.inbox.append(.order(order))
            if forgesReports, case .move(let rule, let fresh) = order.task, node == 1 {
                forge(order, rule, fresh?.version.generation, node)
            }
        }
    }

    private mutating func forge(_ order: Order, _ rule: EdgeRule, _ fresh: Generation?, _ node: NodeNumber) {
        var states = nodes[node]?.edges ?? [:]
        for (peer, state) in states {
            guard let place = rule.place(Edge(node, peer)) else { continue }
            states[peer] = state.moved(to: place, fresh)
        }
        nodes[node]?.outbox.append(
            Report(
                answering: order.stamp, sequence: 1_000 + UInt64(order.stamp.step), verdict: .done,
                standing: Standing(states.map { ($0.key, $0.value) })))
    }

    /// The coordinator takes the oldest report of a node.
    mutating func deliverUp(_ node: NodeNumber, keeps: Bool = false) {
        guard let report = nodes[node]?.outbox.first else { return }
        if !keeps { nodes[node]?.outbox.removeFirst() }
        perform(rollout.receive(report, from: node, at: now))
    }

    /// The armed moment comes.
    mutating func tick() {
        guard let moment = armed else { return }
        now = max(now, moment)
        armed = nil
        perform(rollout.tick(at: now))
    }

    mutating func tell(_ line: String) {
        if keepsTranscript { transcript.append("@\(now.microseconds / 1_000) " + line) }
    }
}

/// The nodes' side.
extension World {
    /// A node takes the oldest letter in its queue and does what it says.
    mutating func deliverDown(_ number: NodeNumber, keeps: Bool = false) {
        guard var node = nodes[number], let letter = node.inbox.first else { return }
        if !keeps { node.inbox.removeFirst() }
        switch letter {
        case .offers(let version):
            node.ladder.receive(offers: version)
        case .order(let order):
            var effects = node.ladder.receive(
                order, at: Instant(microseconds: now.microseconds - min(now.microseconds, node.lagMicroseconds)))
            while !effects.isEmpty {
                switch effects.removeFirst() {
                case .persist(_, let generation):
                    node.persisted = generation
                    effects += node.ladder.generationPersisted()
                case .perform(let work): effects += node.ladder.performed(perform(work, on: &node, number))
                case .report(let report): node.outbox.append(report)
                }
            }
        }
        nodes[number] = node
        checkRule()
    }

    /// The agent process dies and a new one takes over: the kernel stays, keys and queues go.
    mutating func crash(_ number: NodeNumber) {
        guard var node = nodes[number] else { return }
        node.ladder = NodeLadder(epoch: node.persisted == .none ? nil : Self.epoch, generation: node.persisted)
        node.ladder.welcome(epoch: Self.epoch, roster: Self.roster)
        node.secrets = []
        node.inbox = []
        node.outbox = []
        nodes[number] = node
        perform(rollout.joined(number, isNewProcess: true))
    }

    /// The host goes down and comes back: protected edges are closed, the others clear; no key is left.
    mutating func reboot(_ number: NodeNumber) {
        crash(number)
        for (peer, state) in nodes[number]?.edges ?? [:] {
            nodes[number]?.edges[peer] = .on(state.low.isProtected ? .closed : .clear)
            broken.insert(Edge(min(number, peer), max(number, peer)))
        }
        rollout.rebooted(number)
    }

    /// Another call comes.
    mutating func supersede() { perform(rollout.supersede(by: "a call", at: now)) }

    private mutating func perform(
        _ work: NodeLadder.Work, on node: inout ModelNode, _ number: NodeNumber
    ) -> NodeLadder.Performance {
        switch work {
        case .preflight, .observe: return .init(standing: Standing(node.edges.map { ($0.key, $0.value) }))
        case .probe:
            let refusals = node.blocked.sorted().map { Refusal(cause: .path, peer: $0, message: "no echo") }
            return .init(
                refusals: refusals, standing: Standing(node.edges.map { ($0.key, $0.value) }), probeMicroseconds: 500)
        case .offer(let generation):
            node.secrets.insert(generation)
            guard let slot = Slot(UInt16(truncatingIfNeeded: generation.rawValue)) else { return .init(standing: nil) }
            let offer = Offer(id: [UInt8(number.rawValue)], ephemeralKey: [], slot: slot)
            return .init(standing: Standing(node.edges.map { ($0.key, $0.value) }), offer: offer)
        case .move(let rule, let fresh):
            let targets = rule.places(from: number, toward: Set(node.edges.keys))
            var refusals: [Refusal] = []
            for (peer, place) in targets.sorted(by: { $0.key < $1.key }) {
                if let refusal = move(&node, number, to: place, toward: peer, fresh) { refusals.append(refusal) }
            }
            return .init(refusals: refusals, standing: Standing(node.edges.map { ($0.key, $0.value) }))
        }
    }

    private mutating func move(
        _ node: inout ModelNode, _ number: NodeNumber, to place: Place, toward peer: NodeNumber, _ fresh: Order.Fresh?
    ) -> Refusal? {
        let set = fresh?.version.generation
        let state = node.edges[peer] ?? .clear
        if state.isAt(place, set) { return nil }
        if let objection = state.objection(to: place, set) {
            return Refusal(cause: .order, peer: peer, message: objection)
        }
        if let message = node.refusesOnce.removeValue(forKey: place.rung) {
            return Refusal(cause: .kernel, peer: peer, message: message)
        }
        if let set, place.keys != .old, place.rung != .clear, !state.holds.contains(set) {
            guard fresh?.isMade == true, node.secrets.contains(set) else {
                return Refusal(cause: .keys, peer: peer, message: "the offer is gone")
            }
        }
        let moved = state.moved(to: place, set)
        node.edges[peer] = moved
        noteSent(state, moved, on: &node, toward: peer)
        checkDrain(number, peer, from: state, to: moved)
        return nil
    }

    /// When the last packet of a form that is no longer sent left.
    private func noteSent(_ old: EdgeState, _ new: EdgeState, on node: inout ModelNode, toward peer: NodeNumber) {
        if old.low.sendsClear && !new.low.sendsClear { node.lastClear[peer] = now }
        for set in old.sends where old.low.sendsESP && (!new.sends.contains(set) || !new.low.sendsESP) {
            node.lastESP[peer, default: [:]][set] = now
        }
    }

    /// Clause 3: what the peer sent before it changed must have arrived.
    private mutating func checkDrain(_ number: NodeNumber, _ peer: NodeNumber, from old: EdgeState, to new: EdgeState) {
        guard let other = nodes[peer], new.low != .closed else { return }
        let drain: UInt64 = 200_000
        func isInFlight(_ last: Instant?) -> Bool { last.map { now.microseconds(since: $0) < drain } ?? false }
        if old.low.takesClear && !new.low.takesClear && isInFlight(other.lastClear[number]) {
            violations.append("\(number)→\(peer) refuses clear before packets in flight arrived")
        }
        for set in old.holds where !new.holds.contains(set) && isInFlight(other.lastESP[number]?[set]) {
            violations.append("\(number)→\(peer) gave set \(set) up before packets in flight arrived")
        }
    }

    /// Clauses 1 and 2, for every pair of edges as the kernels really stand, those that began broken aside.
    mutating func checkRule() {
        for (number, node) in nodes {
            for (peer, state) in node.edges where number < peer {
                guard let back = nodes[peer]?.edges[number], !broken.contains(Edge(number, peer)) else { continue }
                if let violation = LadderRule.violation(state, back) {
                    violations.append("\(number)→\(peer) \(state), back \(back): \(violation)")
                }
            }
        }
    }

    func letter(_ node: NodeNumber) -> String {
        String(UnicodeScalar(UInt8(96 + node.rawValue)))
    }

    func describe(_ task: Order.Task) -> String {
        switch task {
        case .move(let rule, let fresh):
            "\(rule)" + (fresh.map { ", set \($0.version.generation)" } ?? "")
        default: task.name
        }
    }

    func describe(_ outcome: Rollout.Outcome) -> String {
        switch outcome {
        case .done(let isSettled): isSettled ? "done" : "done, cleaning up is left"
        case .failed(let failure, let isSettled):
            "failed"
                + failure.reasons.map { reason in
                    ", " + (reason.node.map(letter) ?? "fleet") + (reason.peer.map { " to \(letter($0))" } ?? "")
                        + ": \(reason.message)"
                }.joined() + (isSettled ? "" : "; not settled")
        }
    }
}
