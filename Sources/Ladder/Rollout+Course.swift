internal import Fleet

/// How a rollout goes on when a step is complete, and how it turns back.
extension Rollout {
    /// Every node has answered, or a first one refused and the others' grace is over.
    mutating func complete(_ step: Step, at now: Instant) -> [Effect] {
        if !failures.isEmpty && !isWayBack { return turnBack(at: now) }
        switch step.order.task {
        case .preflight, .observe:
            if !isWayBack { recordOrigin() }
            if charter.kind.goal == .enforce && !isWayBack { refuseBroken() }
            return failures.isEmpty || isWayBack ? advance(at: now) : turnBack(at: now)
        case .offer:
            phase = .publishing
            return [.publish(OfferSet(generation: generation, offers: step.offers))]
        case .move:
            return advance(at: now)
        }
    }

    /// Orders the next stride, or finishes where there is none.
    mutating func advance(at now: Instant) -> [Effect] {
        let planner = StridePlanner(numbers: charter.numbers, fleet: fleet, goal: goal, silent: silent)
        guard now < answerDeadline, let stride = planner.next() else {
            return conclude(isReached: planner.isReached(), at: now)
        }
        let wait = stride.needsDrain && !isDrained ? charter.limits.drainMilliseconds : 0
        let start = now.advanced(byMilliseconds: wait)
        if isWayBack && start >= answerDeadline { return conclude(isReached: false, at: now) }
        if !isWayBack && start.advanced(byMilliseconds: charter.limits.wayBackStepMilliseconds) > forwardDeadline {
            fail(nil, "the time for it ran out")
            return turnBack(at: now)
        }
        if stride.needsOffers && offers == nil { return issue(.offer, to: charter.numbers, at: now) }
        if stride.needsDrain && !isDrained {
            let until = now.advanced(byMilliseconds: charter.limits.drainMilliseconds)
            phase = .draining(until: until)
            return [.journal(.step(stamp, name: "drain")), .arm(until)]
        }
        return issue(
            .move(stride.rule, offers: stride.needsOffers ? offers : nil), to: stride.nodes,
            name: stride.rung.description, at: now)
    }

    /// The step's time is over.
    mutating func timeOut(_ step: Step, at now: Instant) -> [Effect] {
        if isWayBack {
            silent.formUnion(step.waiting)
            return advance(at: now)
        }
        if failures.isEmpty {
            let seconds = (step.deadline.microseconds(since: step.began) + 500_000) / 1_000_000
            for node in step.waiting.sorted() { fail(node, "no report within \(seconds) s") }
            silent.formUnion(step.waiting)
        }
        return turnBack(at: now)
    }

    /// Goes back to where it began, under a generation of its own so that old orders are void.
    private mutating func turnBack(at now: Instant) -> [Effect] {
        let isOnlyCleaning = charter.kind == .disable && isOff
        if !hasMoved || isOnlyCleaning || charter.kind.isSettling {
            return conclude(isReached: false, at: now)
        }
        isWayBack = true
        offers = nil
        goal = origin
        stamp = Stamp(generation: generation.next, step: 0)
        isDrained = false
        return [.journal(.plan(generation, isWayBack: true))] + issue(.observe, to: charter.numbers, at: now)
    }

    private mutating func conclude(isReached: Bool, at now: Instant) -> [Effect] {
        phase = .finished
        if !isWayBack && failures.isEmpty && isReached { return [.finish(.done(isSettled: true))] }
        // Off is reached when nothing sends ESP any more; the last step down only cleans up.
        if !isWayBack && charter.kind == .disable && isOff { return [.finish(.done(isSettled: false))] }
        if failures.isEmpty { failures.append(Reason(node: nil, message: "the edges cannot come nearer to the goal")) }
        let failure = Failure(isUnsupported: isUnsupported && !hasMoved, reasons: failures)
        return [.finish(.failed(failure, isSettled: isReached || !hasMoved))]
    }

    /// Whether every edge stands at `accept` or below.
    private var isOff: Bool {
        let low: RungSet = [RungSet(.clear), RungSet(.accept)]
        return StridePlanner(numbers: charter.numbers, fleet: fleet, goal: goal, silent: silent).positions()
            .allSatisfy { _, pair in pair.here.isSubset(of: low) && pair.there.isSubset(of: low) }
    }

    /// Remembers the lower rung of each pair: that is where the way back leads.
    private mutating func recordOrigin() {
        let numbers = charter.numbers
        if let first = numbers.first, fleet.isUniform(among: numbers), let common = fleet.nodes[first]?.standing?.common
        {
            origin = Goal(common.low)
            return
        }
        var pairs: [Edge: Rung] = [:]
        let positions = StridePlanner(numbers: numbers, fleet: fleet, goal: goal, silent: []).positions()
        for (edge, pair) in positions {
            pairs[edge] = min(pair.here.lowest ?? .clear, pair.there.lowest ?? .clear)
        }
        let lowest = pairs.values.min() ?? .clear
        origin = Goal(lowest, pairs: pairs.filter { $0.value != lowest })
    }

    /// No climb begins from edges that break the rule or are closed.
    private mutating func refuseBroken() {
        let planner = StridePlanner(numbers: charter.numbers, fleet: fleet, goal: goal, silent: [])
        for edge in planner.broken().prefix(Refusal.perReportMaximum) {
            let here = fleet.rungs(edge)?.highest ?? .clear
            let there = fleet.rungs(edge.opposite)?.highest ?? .clear
            fail(
                edge.node, "stands at \(here) while the way back stands at \(there): turn IPsec off first",
                peer: edge.peer)
        }
    }
}

extension Rollout.Kind {
    /// Whether nobody called for it.
    public var isSettling: Bool { if case .settle = self { true } else { false } }
}
