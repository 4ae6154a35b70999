public import Fleet

/// The journey of edges to a goal, and back where they began if it fails.
///
/// Pure: the caller says what happened and when; the rollout answers what to do. One order is under way at a time, and
/// the next one goes out when every node concerned has reported by read-back: each boundary is a safe place to stop.
public struct Rollout: Hashable, Sendable {
    enum Phase: Hashable {
        case waiting(Step)
        /// All offers are gathered and await their digest.
        case publishing
        /// Packets in flight arrive before the stride is ordered.
        case draining(until: Instant)
        case finished
    }

    /// One order and who has yet to answer it.
    struct Step: Hashable {
        var order: Order
        /// How many answers it needs.
        var nodeCount: Int
        var waiting: NodeSet
        var began: Instant
        var deadline: Instant
        var retry: Instant
        var retryMilliseconds: UInt64
        /// How often each node was sent what it lacked.
        var supplied: [NodeNumber: Int] = [:]
        var offers: [NodeNumber: Offer] = [:]
    }

    public let charter: Charter
    /// The fleet as far as this rollout knows it.
    public private(set) var fleet: FleetState
    var phase: Phase = .finished
    var goal: Goal
    var isWayBack = false
    var stamp: Stamp
    let start: Instant
    /// The pairs' rungs at the start: where the way back leads.
    var origin: Goal
    /// Offers that nodes hold ready.
    var spares: [NodeNumber: Offer]
    /// What edges are seen from once offers were made.
    var offers: OfferSetVersion?
    /// Whether everything sent before the newest order to move has arrived.
    var isDrained = false
    /// Whether the edges that are about to send were probed since SAs were last added.
    var isProbed = false
    /// Whether any edge was ordered to move: if not, there is nothing to go back from.
    public internal(set) var hasMoved = false
    /// The greatest round trip of a probe in microseconds, 0 before the first.
    public internal(set) var probeMicroseconds: UInt64 = 0
    var silent: Set<NodeNumber> = []
    var failures: [Reason] = []
    var isUnsupported = false
    /// Another call came: it ends at the next boundary.
    public internal(set) var isSuperseded = false

    /// - Parameters:
    ///   - fleet: what is known from reports and orders so far.
    ///   - spares: offers that nodes have made ahead of time: they are not asked for one.
    public init(_ charter: Charter, fleet: FleetState, spares: [NodeNumber: Offer] = [:], at now: Instant) {
        self.charter = charter
        self.fleet = fleet
        self.spares = spares
        goal = charter.kind.goal(
            among: charter.numbers, oldest: charter.oldest, absent: charter.absentEdges)
        origin = goal
        stamp = Stamp(generation: charter.generation, step: 0)
        start = now
    }

    /// The newest generation that it has used.
    public var generation: Generation { stamp.generation }
    public var isFinished: Bool { phase == .finished }
    /// Whether it failed and goes back to where it began.
    public var isTurningBack: Bool { isWayBack }
    /// The nodes whose answers the current step waits for.
    public var waitingFor: [NodeNumber] {
        if case .waiting(let step) = phase { step.waiting.nodes } else { [] }
    }
    /// How many nodes the current step needs, and how many of them have answered; none while it is waited for the drain.
    public var answers: (needed: Int, given: Int) {
        if case .waiting(let step) = phase { (step.nodeCount, step.nodeCount - step.waiting.count) } else { (0, 0) }
    }
    /// The nodes that it goes on with.
    var participants: [NodeNumber] { charter.numbers.filter { !charter.absent.contains($0) } }

    /// Begins by asking where nodes stand and what would refuse.
    public mutating func begin(at now: Instant) -> [Effect] {
        let plan = Effect.journal(.plan(generation, isWayBack: false))
        let examined = participants.filter { charter.examined.isEmpty || charter.examined.contains($0) }
        guard charter.kind != .inspect else { return [plan] + issueProbe(.standing, to: examined, at: now) }
        return [plan] + issue(charter.kind.isClimb ? .preflight : .observe, to: examined, at: now)
    }

    /// A node's report came in, in any order and any number of times.
    public mutating func receive(_ report: Report, from node: NodeNumber, at now: Instant) -> [Effect] {
        fleet.note(node, sequence: report.sequence, accepted: report.acceptedStamp, standing: report.standing)
        // Who was asked for an offer holds none ready any more.
        if report.offer != nil { spares[node] = nil }
        if report.verdict == .done && report.answering.generation == generation { silent.remove(node) }
        let flaws = charter.limits.flaws
        guard case .waiting(var step) = phase, step.waiting.contains(node),
            report.answering == step.order.stamp || flaws.contains(.trustsLateReports)
        else {
            return [] // Late, duplicated or unasked for: what it says of the kernel is noted, no step waits for it.
        }
        // The step is taken out while it changes: where the phase holds it too, its sets are copied with every report.
        phase = .finished
        switch report.verdict {
        case .missing(let what):
            let count = step.supplied[node, default: 0] + 1
            guard count <= charter.limits.missingMaximum else {
                fail(node, "does not take up the \(what == .roster ? "roster" : "offers") that it was sent")
                break
            }
            step.supplied[node] = count
            phase = .waiting(step)
            return [.supply(what, to: node), again(step.order, to: [node])]
        case .refused(let refusals):
            for refusal in refusals { fail(node, refusal) }
        case .stale(let newest): fail(node, "has accepted order \(newest), newer than \(report.answering)")
        case .conflict: fail(node, "was given another order \(report.answering) before")
        case .expired: fail(node, "read the order after its expiry")
        case .done: accept(report, from: node, in: &step)
        }
        step.waiting.remove(node)
        let armed = step.deadline
        if !failures.isEmpty && !isWayBack {
            step.deadline = min(armed, now.advanced(byMilliseconds: charter.limits.refusalGraceMilliseconds))
        }
        phase = .waiting(step)
        if flaws.contains(.skipsBarrier), case .move = step.order.task { return complete(step, at: now) }
        if step.waiting.isEmpty { return complete(step, at: now) }
        // Else what was armed for the step stands.
        return step.deadline < armed ? [.arm(min(step.deadline, step.retry))] : []
    }

    /// The offer set's digest is known.
    public mutating func published(_ version: OfferSetVersion, at now: Instant) -> [Effect] {
        guard phase == .publishing else { return [] } // Turned back in the meantime.
        offers = version
        return advance(at: now)
    }

    /// Another call came that wants something else: the rollout ends at its next boundary, where the other one goes on.
    public mutating func supersede(by whom: String, at now: Instant) -> [Effect] {
        guard !isSuperseded, !isFinished else { return [] }
        isSuperseded = true
        if failures.isEmpty { failures.append(Reason(node: nil, message: "superseded by \(whom)")) }
        guard case .waiting(var step) = phase else { return conclude(isReached: false, at: now) }
        step.deadline = min(step.deadline, now.advanced(byMilliseconds: charter.limits.wayBackStepMilliseconds))
        phase = .waiting(step)
        return [.arm(min(step.deadline, step.retry))]
    }

    /// A node's agent is connected (again): it is told what it may have missed.
    public mutating func joined(_ node: NodeNumber, isNewProcess: Bool) -> [Effect] {
        if isNewProcess { fleet.restarted(node) }
        spares[node] = nil
        guard case .waiting(var step) = phase else { return [] }
        // The private half of what the process before it answered is gone: it is asked again.
        if isNewProcess, step.offers.removeValue(forKey: node) != nil { phase = .waiting(step) }
        let isConcerned = step.waiting.contains(node) || (step.order.task == .observe && silent.contains(node))
        return isConcerned ? [again(step.order, to: [node])] : []
    }

    /// The node's kernel was started anew: nothing that was known of it counts.
    public mutating func rebooted(_ node: NodeNumber) { fleet.rebooted(node) }

    /// An order is repeated: a new process may carry it out as well.
    private mutating func again(_ order: Order, to nodes: [NodeNumber]) -> Effect {
        noteOrdered(order, to: nodes)
        return .send(order, to: nodes)
    }

    private mutating func noteOrdered(_ order: Order, to nodes: [NodeNumber]) {
        guard case .move(let rule, let fresh) = order.task, !charter.limits.flaws.contains(.forgetsSilentOrders) else {
            return
        }
        fleet.ordered(rule, fresh: fresh?.version.generation, stamp: order.stamp, to: nodes)
    }

    /// A node said unasked where it stands.
    public mutating func heard(_ heartbeat: NodeHeartbeat, from node: NodeNumber) {
        fleet.note(heartbeat, from: node)
        if heartbeat.spare != spares[node] { spares[node] = nil }
    }

    /// The moment that was armed for has come.
    public mutating func tick(at now: Instant) -> [Effect] {
        switch phase {
        case .finished, .publishing: return []
        case .draining(let until):
            guard now >= until else { return [.arm(until)] }
            isDrained = true
            return advance(at: now)
        case .waiting(var step):
            if now >= step.deadline { return timeOut(step, at: now) }
            guard now >= step.retry else { return [.arm(min(step.deadline, step.retry))] }
            step.retryMilliseconds *= 2
            step.retry = now.advanced(byMilliseconds: step.retryMilliseconds)
            phase = .waiting(step)
            return [again(step.order, to: step.waiting.nodes), .arm(min(step.deadline, step.retry))]
        }
    }

    /// Sends an order and waits for these nodes.
    mutating func issue(_ task: Order.Task, to nodes: [NodeNumber], name: String? = nil, at now: Instant) -> [Effect] {
        stamp.step += 1
        let limits = charter.limits
        let deadline =
            isWayBack
            ? min(now.advanced(byMilliseconds: limits.wayBackStepMilliseconds), answerDeadline)
            : min(now.advanced(byMilliseconds: limits.rungMilliseconds), forwardDeadline)
        let order = Order(
            epoch: charter.epoch, stamp: stamp, rollout: charter.id, roster: charter.roster, task: task,
            expiry: deadline)
        noteOrdered(order, to: nodes)
        if case .move = task {
            isDrained = false
            hasMoved = true
        }
        let retryMilliseconds = limits.firstRetryMilliseconds(nodes: nodes.count)
        let retry = now.advanced(byMilliseconds: retryMilliseconds)
        let waiting = NodeSet(nodes.filter { !silent.contains($0) })
        phase = .waiting(
            Step(
                order: order, nodeCount: waiting.count, waiting: waiting, began: now, deadline: deadline, retry: retry,
                retryMilliseconds: retryMilliseconds))
        let effects: [Effect] = [.journal(.step(stamp, name: name ?? task.name)), .send(order, to: nodes)]
        return waiting.isEmpty ? effects + advance(at: now) : effects + [.arm(min(deadline, retry))]
    }

    /// Each round of probes has a nonce of its own.
    mutating func issueProbe(_ scope: Order.Probe.Scope, to nodes: [NodeNumber], at now: Instant) -> [Effect] {
        isProbed = true
        let nonce = charter.nonce &+ UInt64(stamp.step)
        return issue(.probe(Order.Probe(scope, nonce: nonce)), to: nodes, at: now)
    }

    var forwardDeadline: Instant { start.advanced(byMilliseconds: charter.limits.forwardMilliseconds) }
    var answerDeadline: Instant { start.advanced(byMilliseconds: charter.limits.answerMilliseconds) }

    private mutating func accept(_ report: Report, from node: NodeNumber, in step: inout Step) {
        switch step.order.task {
        case .preflight, .observe:
            if report.standing == nil { fail(node, "reported no standing") }
        case .offer:
            if let offer = report.offer { step.offers[node] = offer } else { fail(node, "made no offer") }
        case .probe:
            probeMicroseconds = max(probeMicroseconds, report.probeMicroseconds ?? 0)
        case .move(let rule, let fresh):
            if !charter.limits.flaws.isDisjoint(with: [.trustsLateReports, .skipsBarrier]) { return }
            if let place = rule.base, rule.isUniform,
                report.standing?.allAre(at: place, fresh?.version.generation) ?? false
            {
                return
            }
            let concerned = rule.peers(of: [node])[node]?.sorted() ?? charter.numbers
            for peer in concerned where peer != node {
                guard let wanted = rule.place(Edge(node, peer)) else { continue }
                let state = report.standing?.state(toward: peer)
                if state?.isAt(wanted, fresh?.version.generation) ?? false { continue }
                fail(node, "read back \(state.map(\.description) ?? "nothing") instead of \(wanted)", peer: peer)
                return
            }
        }
    }

    mutating func fail(_ node: NodeNumber, _ refusal: Refusal) {
        if refusal.cause == .unsupported { isUnsupported = true }
        fail(node, refusal.message, peer: refusal.peer)
    }

    /// On the way back the answer is decided: a node that does not do as told is left where it is, like a silent one.
    mutating func fail(_ node: NodeNumber?, _ message: String, peer: NodeNumber? = nil) {
        if !isWayBack {
            failures.append(Reason(node: node, peer: peer, message: message))
        } else if let node {
            silent.insert(node)
        }
    }
}

extension Report {
    /// The newest order that the report proves to be carried out or void, `nil` where it proves nothing.
    var acceptedStamp: Stamp? {
        switch verdict {
        case .done, .refused: answering
        case .stale(let newest): newest
        case .missing, .conflict, .expired: nil
        }
    }
}

extension Order.Task {
    /// For people: the rung of a move, else the task.
    public var name: String {
        switch self {
        case .preflight: "preflight"
        case .observe: "observe"
        case .offer: "offers"
        case .probe: "probe"
        case .move(let rule, _): rule.base?.rung.description ?? "move"
        }
    }
}
