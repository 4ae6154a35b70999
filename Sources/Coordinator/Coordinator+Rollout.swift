internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports

/// Calls, and the rollouts that answer them.
extension Coordinator {
    /// A call joins the rollout with its target, waits for the end of one with the opposite, or begins one.
    func take(_ call: Call) async {
        guard joined.count + waiting.count < Self.callsMaximum else {
            call.answer.resume(returning: refusal(call.target, "\(Self.callsMaximum) calls are waiting already"))
            return
        }
        guard let rollout else { return await begin([call]) }
        if rollout.target == call.target && waiting.isEmpty {
            joined.append(call)
        } else {
            waiting.append(call)
        }
    }

    /// Begins the rollout that these calls, all with one target, ask for.
    private func begin(_ calls: [Call]) async {
        guard let first = calls.first else { return }
        let kind: Rollout.Kind = first.target ? .enable : .disable
        joined = calls
        if numbers.isEmpty { return answer(refusal(first.target, "no node is enrolled")) }
        let planner = StridePlanner(numbers: numbers, fleet: fleet, goal: Goal(kind.goal), silent: [])
        let isKnown = numbers.allSatisfy { presence.isPresent($0) && fleet.nodes[$0]?.standing != nil }
        if desired == first.target, isKnown, planner.isReached() { return answer(.unchanged) }
        if let unsupported = unsupportedAgents(), first.target { return answer(.failed(unsupported)) }
        await start(kind, user: first.user)
    }

    func start(_ kind: Rollout.Kind, user: String) async {
        rolloutID += 1
        generation = generation.next
        let now = clock.now()
        let charter = Rollout.Charter(
            id: rolloutID, kind: kind, epoch: roster.epoch, roster: version, numbers: numbers, generation: generation,
            limits: configuration.limits)
        var machine = Rollout(charter, fleet: fleet, at: now)
        log.begin(rolloutID, target: machine.target, at: now)
        logger.info(
            "rollout began",
            metadata: ["rollout": "\(rolloutID)", "kind": "\(kind)", "generation": "\(generation)", "user": "\(user)"])
        guard await persist([.began(rollout: rolloutID, target: machine.target, user: user)]) else {
            return await abandon("the journal cannot be written")
        }
        let effects = machine.begin(at: now)
        rollout = machine
        await perform(effects)
    }

    /// Performs effects in order; what they bring about is performed after them.
    func perform(_ effects: [Rollout.Effect]) async {
        var queue = effects[...]
        while let effect = queue.popFirst() {
            switch effect {
            case .journal(let note):
                guard await record(note) else { return await abandon("the journal cannot be written") }
            case .send(let order, let nodes): await send(order, to: nodes)
            case .supply(let what, let node): await supply(what, to: node)
            case .publish(let set):
                offers = set
                let version = OfferSetVersion(generation: set.generation, digest: Digest(of: set))
                queue += rollout?.published(version, at: clock.now()) ?? []
            case .arm(let moment): alarms.append(moment)
            case .finish(let outcome): await finish(outcome)
            }
        }
        if !effects.isEmpty { publish() }
    }

    private func record(_ note: Rollout.Note) async -> Bool {
        switch note {
        case .plan(let generation, let isWayBack):
            self.generation = max(self.generation, generation)
            guard await persist([.plan(rollout: rolloutID, generation, isWayBack: isWayBack)]) else { return false }
            if isWayBack { logger.notice("rollout turns back", metadata: ["rollout": "\(rolloutID)"]) }
            checkpoint.reach("journaled plan")
        case .step(let stamp, let name):
            stepName = name
            log.beginStep(name, at: clock.now())
            guard await persist([.step(rollout: rolloutID, stamp, name: name)]) else { return false }
            checkpoint.reach("journaled \(name)")
        }
        return true
    }

    private func send(_ order: Order, to nodes: [NodeNumber]) async {
        var deliveries = [Delivery(.order(order), to: nodes)]
        if case .move(_, .some) = order.task, let offers {
            deliveries.insert(Delivery(.offers(offers), to: nodes), at: 0)
        }
        // Before the nodes can act on it: `enabled` must be false from the first order that lets an edge leave `enforce`.
        publish()
        await bus.send(deliveries)
        checkpoint.reach("sent \(stepName)")
    }

    private func supply(_ what: Report.Missing, to node: NodeNumber) async {
        switch what {
        case .roster: await welcome(node)
        case .offers: if let offers { await bus.send([Delivery(.offers(offers), to: [node])]) }
        }
    }

    private func finish(_ outcome: Rollout.Outcome) async {
        guard let finished = rollout else { return }
        fleet = finished.fleet
        let reply = translate(outcome, of: finished)
        var entries: [JournalEntry] = []
        if case .done = reply, !finished.charter.kind.isSettling {
            entries.append(.desired(finished.target))
        }
        entries.append(.ended(rollout: rolloutID, isSuccess: reply == .done, reasons: reply.reasons.map(\.message)))
        guard await persist(entries) else { return await abandon("the journal cannot be written") }
        if reply == .done, !finished.charter.kind.isSettling { desired = finished.target }
        let now = clock.now()
        noteSettling(after: finished, isDone: reply == .done, isSettled: outcome.isSettled, at: now)
        log.end(reply == .done ? .success : .failure, reasons: reply.reasons, at: now)
        logger.notice(
            "rollout ended",
            metadata: [
                "rollout": "\(rolloutID)", "outcome": "\(reply == .done ? "success" : "failure")",
                "reasons": "\(reply.reasons.map { "\($0.node?.text ?? "fleet"): \($0.message)" })",
            ])
        checkpoint.reach("journaled end")
        rollout = nil
        offers = nil
        publish()
        answer(reply)
        await goOn()
    }

    /// A failed rollout that moved nothing leaves things as they were; one that settles pauses before it tries again.
    private func noteSettling(after rollout: Rollout, isDone: Bool, isSettled: Bool, at now: Instant) {
        if rollout.charter.kind.isSettling {
            settling.note(isSettled: isDone, wasSettling: true, at: now)
        } else if isDone {
            settling.note(isSettled: isSettled, wasSettling: false, at: now)
        } else if rollout.hasMoved {
            settling.note(isSettled: isSettled && !settling.isNeeded, wasSettling: false, at: now)
        }
    }

    /// Calls that waited come next, in their order; else edges that a failure left behind go home.
    func goOn() async {
        guard rollout == nil else { return }
        if let next = waiting.first {
            let same = waiting.prefix { $0.target == next.target }
            waiting.removeFirst(same.count)
            await begin(Array(same))
        } else if settling.isDue(at: clock.now()), numbers.allSatisfy(presence.isPresent) {
            await start(.settle(desired ? .enforce : .clear), user: "coordinator")
        }
    }

    private func answer(_ reply: RolloutAnswer) {
        let calls = joined
        joined = []
        for call in calls { call.answer.resume(returning: reply) }
        checkpoint.reach("answered")
    }

    /// Without a journal nothing may be ordered: the rollout stops where it is, which is a safe place.
    private func abandon(_ message: String) async {
        if let rollout { fleet = rollout.fleet }
        if settling.isNeeded || rollout.map({ $0.hasMoved || $0.charter.kind.isSettling }) ?? false {
            settling.note(isSettled: false, wasSettling: true, at: clock.now())
        }
        log.end(.failure, reasons: [.init(node: nil, message: message)], at: clock.now())
        rollout = nil
        offers = nil
        let calls = joined
        joined = []
        for call in calls { call.answer.resume(returning: refusal(call.target, message)) }
        publish()
    }

    private func persist(_ entries: [JournalEntry]) async -> Bool {
        do {
            try await journal.record(entries)
            return true
        } catch {
            logger.critical("journal not written", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func unsupportedAgents() -> RolloutFailure? {
        let old = protocols.filter { $0.value != protocolVersion }.sorted { $0.key < $1.key }
        guard !old.isEmpty else { return nil }
        let reasons = old.map { number, version in
            RolloutFailure.Reason(
                node: roster.nodes[number]?.name,
                message: "the agent speaks protocol \(version), this coordinator \(protocolVersion)")
        }
        return RolloutFailure(cause: .unsupported, reasons: reasons)
    }

    private func translate(_ outcome: Rollout.Outcome, of rollout: Rollout) -> RolloutAnswer {
        guard case .failed(let failure, _) = outcome else { return .done }
        let cause: RolloutFailure.Cause =
            failure.isUnsupported ? .unsupported : rollout.target ? .enableFailed : .disableFailed
        let reasons = failure.reasons.map { reason in
            let peer = reason.peer.flatMap { roster.nodes[$0]?.name }
            let message = peer.map { "to \($0): \(reason.message)" } ?? reason.message
            return RolloutFailure.Reason(node: reason.node.flatMap { roster.nodes[$0]?.name }, message: message)
        }
        return .failed(RolloutFailure(cause: cause, reasons: reasons))
    }
}

extension Rollout {
    /// Whether it turns the fleet on: a settling rollout does where it goes up.
    var target: Bool { charter.kind.goal == .enforce }
}

extension Rollout.Outcome {
    var isSettled: Bool {
        switch self {
        case .done(let isSettled), .failed(_, let isSettled): isSettled
        }
    }
}

extension RolloutAnswer {
    var reasons: [RolloutFailure.Reason] { if case .failed(let failure) = self { failure.reasons } else { [] } }
}
