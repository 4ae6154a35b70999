internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports

/// Performs a rollout's effects.
extension Coordinator {
    /// Begins a rollout, or goes on with one that an earlier process began.
    func start(
        _ errand: Errand, promise: Promise, absent: Set<NodeNumber>, examined: Set<NodeNumber> = [], user: String,
        resuming open: JournalState.OpenRollout? = nil
    ) async {
        if open == nil && errand.kind != .inspect { rolloutID += 1 }
        generation = generation.next
        self.promise = promise
        caller = user
        absentPolicy = errand.absent
        let now = clock.now()
        let window = errand.replayWindow ?? replayWindow
        let charter = Rollout.Charter(
            id: rolloutID, kind: errand.kind, epoch: roster.epoch, roster: version, numbers: numbers, absent: absent,
            absentEdges: absentEdges(of: errand, open), examined: examined, generation: generation,
            oldest: errand.replayWindow == nil ? oldest : generation, replayWindow: window, nonce: random(),
            roundTripMicroseconds: roundTripMicroseconds, limits: configuration.limits)
        var machine = Rollout(charter, fleet: fleet, spares: spares.offers, at: now)
        if let kind = open?.kind ?? errand.kind.recorded {
            log.begin(rolloutID, kind: kind, at: now)
            if open == nil {
                let entry = JournalEntry.began(
                    rollout: rolloutID, kind: kind, absent: errand.absent, user: user, replayWindow: errand.replayWindow
                )
                guard await persist([entry]) else { return abandon(Self.noJournal) }
            }
            logger.info(
                "rollout began",
                metadata: [
                    "rollout": "\(rolloutID)", "kind": "\(errand.kind)", "generation": "\(generation)",
                    "user": "\(user)",
                ])
        }
        let effects = machine.begin(at: now)
        rollout = RolloutBox(machine)
        await perform(effects)
    }

    /// Turning on without absent nodes closes the edges to them; where that is taken back they are opened again.
    private func absentEdges(of errand: Errand, _ open: JournalState.OpenRollout?) -> Goal.Absent {
        if errand.kind == .enable { return errand.absent == .proceed ? .close : .stay }
        return promise.isLost && open?.kind == .enable && open?.absent == .proceed ? .reopen : .stay
    }

    /// Performs effects in order; what they bring about is performed after them.
    func perform(_ effects: [Rollout.Effect]) async {
        // What is journaled is shown with the order that follows it, else at the end.
        var isUnshown = false
        var queue = effects[...]
        while let effect = queue.popFirst() {
            switch effect {
            case .journal(let note):
                guard await record(note) else { return abandon(Self.noJournal) }
                isUnshown = true
            case .send(let order, let nodes):
                await send(order, to: nodes)
                isUnshown = false
            case .supply(let what, let node): await supply(what, to: node)
            case .publish(let set):
                offers = set
                spares.spend(set)
                let version = OfferSetVersion(of: set)
                queue += rollout?.machine.published(version, at: clock.now()) ?? []
            case .arm(let moment): alarms.append(moment)
            case .finish(let outcome): await finish(outcome)
            }
        }
        if isUnshown { publishCourse() }
    }

    private func record(_ note: Rollout.Note) async -> Bool {
        let isRecorded = rollout?.machine.charter.kind != .inspect
        switch note {
        case .plan(let generation, let isWayBack):
            self.generation = max(self.generation, generation)
            // A way back that an earlier process began is one, also to the next.
            let isWayBack = isWayBack || promise.isLost
            guard await persist([.plan(rollout: rolloutID, generation, isWayBack: isWayBack)]) else { return false }
            journaled = max(journaled, generation)
            if isWayBack { logger.notice("rollout turns back", metadata: ["rollout": "\(rolloutID)"]) }
            checkpoint.reach("journaled plan")
        case .step(let stamp, let name):
            stepName = name
            guard isRecorded else { return true }
            log.beginStep(name, at: clock.now())
            guard await persist([.step(rollout: rolloutID, stamp, name: name)]) else { return false }
            checkpoint.reach("journaled \(name)")
        }
        return true
    }

    private func send(_ order: Order, to nodes: [NodeNumber]) async {
        var deliveries = [Delivery(.order(order), to: nodes)]
        if case .move(let rule, let fresh) = order.task, rule.base == nil {
            // Those that have most to do begin first.
            let peers = rule.peers(of: nodes)
            let busy = nodes.filter { peers[$0] == nil } + nodes.filter { peers[$0] != nil }
            deliveries = [Delivery(.order(order), to: busy)]
            if let fresh, fresh.isMade, let offers {
                deliveries = busy.flatMap { node in
                    let share = OfferShare(offers, fresh.version, of: peers[node]?.union([node]))
                    return [Delivery(.offers(share), to: [node]), Delivery(.order(order), to: [node])]
                }
            }
        } else if case .move(_, .some(let fresh)) = order.task, fresh.isMade, let offers {
            deliveries.insert(Delivery(.offers(OfferShare(offers, fresh.version, of: nil)), to: nodes), at: 0)
        }
        // Before the nodes can act on it: `enabled` must be false from the first order that lets an edge leave `enforce`.
        publishCourse()
        await bus.send(deliveries)
        checkpoint.reach("sent \(stepName)")
    }

    private func supply(_ what: Report.Missing, to node: NodeNumber) async {
        switch what {
        case .roster: await welcome([node])
        case .offers:
            guard let offers else { return }
            let everything = OfferShare(offers, OfferSetVersion(of: offers), of: nil)
            await bus.send([Delivery(.offers(everything), to: [node])])
        }
    }

    private func finish(_ outcome: Rollout.Outcome) async {
        guard let finished = rollout?.machine else { return }
        if finished.probeMicroseconds > 0 { roundTripMicroseconds = finished.probeMicroseconds }
        if finished.charter.kind == .inspect { return await finishInspection(outcome, finished) }
        fleet = finished.fleet
        let reply = translate(outcome, of: finished)
        let isDone = reply.failure == nil
        // With the rollout's end or not at all: a leave that succeeded has left.
        let departure = isDone ? promise.removes.flatMap { self.departure(of: $0, quarantining: []) } : nil
        guard await persist(entries(for: reply, of: finished) + (departure?.entries ?? [])) else {
            return abandon(Self.noJournal)
        }
        if isDone { keepPromise(finished) }
        if case .failed(let failure, _) = outcome { noteHindrances(failure, of: finished) }
        let now = clock.now()
        // An end that leaves cleaning to do answers a call; where nobody called it is no reason to begin again at once.
        let isSettled = isDone && outcome != .done(isSettled: false)
        converging.noteEnd(isUncalled: finished.charter.kind.isUncalled, isSettled: isSettled, at: now)
        log.end(
            isDone ? .success : .failure, reasons: reply.failure?.reasons ?? [],
            probeMicroseconds: finished.probeMicroseconds, at: now)
        logger.notice(
            "rollout ended",
            metadata: [
                "rollout": "\(rolloutID)", "outcome": "\(isDone ? "success" : "failure")",
                "reasons": "\((reply.failure?.reasons ?? []).map { "\($0.node?.text ?? "fleet"): \($0.message)" })",
            ])
        checkpoint.reach("journaled end")
        rollout = nil
        offers = nil
        if let departure { await take(departure) }
        publish()
        noteJoins()
        answer(reply)
        await goOn()
    }

    private func entries(for reply: RolloutAnswer, of finished: Rollout) -> [JournalEntry] {
        var entries: [JournalEntry] = []
        if reply.failure == nil {
            if let desired = promise.desired {
                entries.append(.desired(desired))
                if knowledge.isBehind { entries.append(.caughtUp(generation)) }
            }
            if let window = promise.replayWindow { entries.append(.replayWindow(window)) }
            if replacesAll(finished) { entries.append(.oldest(finished.charter.generation)) }
        }
        let reasons = reply.failure?.reasons.map(\.message) ?? []
        entries.append(.ended(rollout: rolloutID, isSuccess: reply.failure == nil, reasons: reasons))
        return entries
    }

    private func keepPromise(_ finished: Rollout) {
        if let desired = promise.desired {
            self.desired = desired
            isPrepared = false
            noteCaughtUp()
        }
        if promise.isPrepared { isPrepared = true }
        if let window = promise.replayWindow { replayWindow = window }
        if finished.charter.kind == .rotate { rotating.noteSuccess(at: clock.now()) }
        if replacesAll(finished) { oldest = finished.charter.generation }
    }

    /// Whether SAs that it could not replace are to be replaced when their node is back.
    private func replacesAll(_ finished: Rollout) -> Bool {
        finished.charter.kind == .rotate || promise.replayWindow != nil
    }

    /// What keeps keys from being changed without a call is for an operator to mend; one that is not named is nobody's
    /// in particular.
    private func noteHindrances(_ failure: Rollout.Failure, of finished: Rollout) {
        guard finished.charter.kind == .rotate, caller == Self.ownName, !finished.isSuperseded else { return }
        var reasons: [NodeNumber: [String]] = [:]
        for reason in failure.reasons {
            for node in reason.node.map({ [$0] }) ?? numbers { reasons[node, default: []].append(reason.message) }
        }
        rotating.noteFailure(reasons)
    }

    /// Nobody waits for an inspection: what it found makes nodes degraded.
    private func finishInspection(_ outcome: Rollout.Outcome, _ finished: Rollout) async {
        fleet = finished.fleet
        rollout = nil
        // One that was broken off has found nothing and cleared nobody.
        if !finished.isSuperseded { noteFound(outcome) }
        publish()
        await goOn()
    }

    private func noteFound(_ outcome: Rollout.Outcome) {
        var found: [NodeNumber: [String]] = [:]
        var isWhole = true
        if case .failed(let failure, _) = outcome {
            for reason in failure.reasons {
                guard let node = reason.node, let peer = reason.peer else {
                    isWhole = false
                    continue
                }
                found[node, default: []].append("to \(name(peer)): \(reason.message)")
                found[peer, default: []].append("from \(name(node)): \(reason.message)")
            }
        }
        // A node that did not answer has cleared no edge.
        if !isWhole { found.merge(unreached) { new, _ in new } }
        if found != unreached {
            unreached = found
            for (node, texts) in found.sorted(by: { $0.key < $1.key }) {
                for text in texts {
                    logger.warning("edge blocked", metadata: ["node": "\(name(node))", "edge": "\(text)"])
                }
            }
        }
    }

    /// Without a journal nothing may be ordered: the rollout stops where it is, which is a safe place.
    func abandon(_ message: String) {
        if let rollout { fleet = rollout.machine.fleet }
        let now = clock.now()
        converging.noteEnd(isUncalled: true, isSettled: false, at: now)
        if rollout?.machine.charter.kind != .inspect {
            log.end(.failure, reasons: [.init(node: nil, message: message)], probeMicroseconds: 0, at: now)
        }
        rollout = nil
        offers = nil
        let calls = joined
        joined = []
        for call in calls { call.answer.resume(returning: Self.refusal(call.request, message)) }
        publish()
    }

    func persist(_ entries: [JournalEntry]) async -> Bool {
        do {
            try await journal.record(entries)
            return true
        } catch {
            logger.critical("journal not written", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func translate(_ outcome: Rollout.Outcome, of rollout: Rollout) -> RolloutAnswer {
        let direction: RolloutFailure.Cause =
            switch rollout.charter.kind {
            case .disable, .leave, .converge(.clear): .disableFailed
            case .enable, .rotate, .prepare, .converge, .inspect: .enableFailed
            }
        switch outcome {
        case .done:
            guard promise.isLost else { return .done(rollout: rolloutID) }
            let message = "the coordinator was restarted in the middle; every edge is back where it began"
            return .failed(RolloutFailure(cause: direction, reasons: [.init(node: nil, message: message)]))
        case .failed(let failure, _):
            let reasons = failure.reasons.map { reason in
                let peer = reason.peer.flatMap { roster.nodes[$0]?.name }
                let message = peer.map { "to \($0): \(reason.message)" } ?? reason.message
                return RolloutFailure.Reason(node: reason.node.flatMap { roster.nodes[$0]?.name }, message: message)
            }
            return .failed(RolloutFailure(cause: failure.isUnsupported ? .unsupported : direction, reasons: reasons))
        }
    }
}

extension RolloutAnswer {
    var failure: RolloutFailure? { if case .failed(let failure) = self { failure } else { nil } }
}

extension Rollout {
    /// Whether a call with the same aim may wait for its end.
    var isGoingForward: Bool { !isTurningBack && !isSuperseded }
}

extension Rollout.Kind {
    /// What records and the journal call it; `nil` where they do not hear of it.
    var recorded: RolloutKind? {
        switch self {
        case .enable: .enable
        case .disable: .disable
        case .rotate: .rotate
        case .prepare: .prepare
        case .converge: .converge
        case .leave: .leave
        case .inspect: nil
        }
    }
}
