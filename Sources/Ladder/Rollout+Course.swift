internal import Fleet

/// How a rollout goes on when a step is complete, and how it turns back.
extension Rollout {
    /// Every node has answered, or a first one refused and the others' grace is over.
    mutating func complete(_ step: Step, at now: Instant) -> [Effect] {
        if isSuperseded { return conclude(isReached: false, at: now) }
        if !failures.isEmpty && !isWayBack { return turnBack(at: now) }
        switch step.order.task {
        case .preflight, .observe:
            if !isWayBack { origin = whereEdgesStand() }
            return advance(at: now)
        case .offer: return gatherOffers(of: planner().open(), having: step.offers, at: now)
        case .move, .probe:
            return advance(at: now)
        }
    }

    /// Orders the next stride, or finishes where there is none.
    mutating func advance(at now: Instant) -> [Effect] {
        if isSuperseded { return conclude(isReached: false, at: now) }
        let planner = planner()
        guard now < answerDeadline, let stride = planner.next() else {
            let isReached = planner.isReached()
            if isReached || isWayBack || !hasMoved { return conclude(isReached: isReached, at: now) }
            // What was made on the way must not stay behind.
            fail(nil, Self.noWay)
            return turnBack(at: now)
        }
        let drain = charter.limits.drainMilliseconds(
            afterProbe: max(probeMicroseconds, charter.roundTripMicroseconds))
        if charter.limits.flaws.contains(.forgetsDrain) { isDrained = true }
        let start = now.advanced(byMilliseconds: stride.needsDrain && !isDrained ? drain : 0)
        if isWayBack && start >= answerDeadline { return conclude(isReached: false, at: now) }
        if !isWayBack && start.advanced(byMilliseconds: charter.limits.wayBackStepMilliseconds) > forwardDeadline {
            fail(nil, "the time for it ran out")
            return turnBack(at: now)
        }
        if stride.makesAssociations && offers == nil {
            return gatherOffers(of: planner.open(), at: now)
        }
        if stride.phase == .hold { isProbed = false }
        if stride.phase == .send && !isProbed && !isWayBack && charter.limits.probes {
            return issueProbe(.trial, to: stride.ends, at: now)
        }
        if stride.needsDrain && !isDrained {
            let until = now.advanced(byMilliseconds: drain)
            phase = .draining(until: until)
            return [.journal(.step(stamp, name: "drain")), .arm(until)]
        }
        let fresh = offers.map { Order.Fresh($0, isMade: stride.makesAssociations) }
        return issue(.move(stride.rule, fresh: fresh), to: stride.nodes, name: stride.name, at: now)
    }

    /// Asks those for an offer who have none ready and have not answered yet.
    private mutating func gatherOffers(
        of open: [Edge], having answered: [NodeNumber: Offer] = [:], at now: Instant
    ) -> [Effect] {
        let ends = Set(open.flatMap { [$0.node, $0.peer] }).subtracting(charter.absent)
        let concerned = goal.base == nil || !isUniform ? ends.sorted() : participants
        var offers = answered
        // A spare that was given up while others were asked is not counted on.
        for node in concerned where offers[node] == nil { offers[node] = spares[node] }
        let asked = concerned.filter { offers[$0] == nil && !silent.contains($0) }
        guard !asked.isEmpty else { return publish(offers) }
        let effects = issue(.offer, to: asked, at: now)
        if case .waiting(var step) = phase {
            step.offers = answered
            phase = .waiting(step)
        }
        return effects
    }

    private mutating func publish(_ offers: [NodeNumber: Offer]) -> [Effect] {
        phase = .publishing
        return [
            .publish(OfferSet(generation: generation, replayWindow: charter.replayWindow, offers: offers))
        ]
    }

    /// The step's time is over.
    mutating func timeOut(_ step: Step, at now: Instant) -> [Effect] {
        if isWayBack {
            silent.formUnion(step.waiting.nodes)
            return advance(at: now)
        }
        if failures.isEmpty {
            let seconds = (step.deadline.microseconds(since: step.began) + 500_000) / 1_000_000
            for node in step.waiting.nodes { fail(node, "no report within \(seconds) s") }
        }
        silent.formUnion(step.waiting.nodes)
        return isSuperseded ? conclude(isReached: false, at: now) : turnBack(at: now)
    }

    /// Goes back to where it began, under a generation of its own so that old orders are void.
    private mutating func turnBack(at now: Instant) -> [Effect] {
        if !hasMoved || isOnlyCleaning { return conclude(isReached: false, at: now) }
        isWayBack = true
        goal = origin
        stamp = Stamp(generation: generation.next, step: 0)
        isDrained = false
        return [.journal(.plan(generation, isWayBack: true))] + issue(.observe, to: participants, at: now)
    }

    private static let noWay = "the edges cannot come nearer to the goal"

    mutating func conclude(isReached: Bool, at now: Instant) -> [Effect] {
        phase = .finished
        if !isWayBack && failures.isEmpty && isReached { return [.finish(.done(isSettled: true))] }
        if !isWayBack && hasMoved && isOnlyCleaning { return [.finish(.done(isSettled: false))] }
        if failures.isEmpty { failures.append(Reason(node: nil, message: Self.noWay)) }
        let failure = Failure(isUnsupported: isUnsupported && !hasMoved, reasons: failures)
        return [.finish(.failed(failure, isSettled: !isSuperseded && (isReached || !hasMoved)))]
    }

    private func planner(ignoringSilence: Bool = false) -> StridePlanner {
        StridePlanner(
            numbers: charter.numbers, fleet: fleet, goal: goal, fresh: offers?.generation,
            silent: ignoringSilence ? [] : silent, absent: charter.absent)
    }

    private var isUniform: Bool { fleet.isUniform(among: charter.numbers) }

    /// Whether all that is left to do is to remove what nothing is sent with: that does not decide the answer.
    private var isOnlyCleaning: Bool { planner(ignoringSilence: true).needsOnlyCleaning() }

    /// The rung of each pair that all of it has reached, as a goal without fresh keys: where the way back leads.
    private func whereEdgesStand() -> Goal {
        let numbers = charter.numbers
        let absent = charter.absentEdges == .close ? Goal.Absent.reopen : charter.absentEdges
        if isUniform, let common = numbers.first.flatMap({ fleet.nodes[$0]?.standing?.common }) {
            return Goal(Self.home(common.low), freshness: .nowhere, absent: absent)
        }
        var pairs: [Edge: Rung?] = [:]
        var counts: [Rung?: Int] = [:]
        let (settled, positions) = planner().differing()
        for position in positions {
            let rungs = (position.pair.here.prefix(1) + position.pair.there.prefix(1)).map { Self.home($0.low) }
            let rung = rungs.min()
            pairs[position.edge] = .some(rung)
            counts[rung, default: 0] += 1
        }
        if let settled {
            let most = Self.home(settled.low)
            return Goal(most, pairs: pairs.filter { $0.value != most }, freshness: .nowhere, absent: absent)
        }
        let most = counts.max { ($0.value, $1.key?.rawValue ?? 9) < ($1.value, $0.key?.rawValue ?? 9) }?.key ?? nil
        return Goal(most, pairs: pairs.filter { $0.value != most }, freshness: .nowhere, absent: absent)
    }

    /// A closed edge was protected, and comes home to that.
    private static func home(_ rung: Rung) -> Rung { rung == .closed ? .enforce : rung }
}
