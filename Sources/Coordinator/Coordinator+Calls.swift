internal import Fleet
internal import Ladder
internal import Logging
internal import Ports

/// Calls: what each comes down to, which of them join, and which supersede.
extension Coordinator {
    /// What a request comes down to.
    struct Errand: Hashable {
        var kind: Rollout.Kind
        var absent: AbsentPolicy
        var replayWindow: UInt32?
    }

    /// A call joins the rollout that does all that it asks, supersedes one that does the opposite or that nobody called
    /// for, and waits for the end of any other.
    func take(_ call: Call) async {
        guard joined.count + waiting.count < Self.callsMaximum else {
            let answer = Self.refusal(call.request, "\(Self.callsMaximum) calls are waiting already")
            call.answer.resume(returning: answer)
            return
        }
        guard let running = rollout?.machine else {
            waiting.append(call)
            return await goOn()
        }
        let errand = errand(call.request)
        if waiting.isEmpty, running.isGoingForward, errand?.kind == running.charter.kind,
            errand?.absent == absentPolicy,
            isJoinable(call.request)
        {
            joined.append(call)
            return
        }
        waiting.append(call)
        let isOpposite = errand.map { running.charter.kind.isOpposite(of: $0.kind) } ?? false
        guard waiting.count == 1, running.charter.kind.isUncalled || isOpposite else { return }
        await perform(rollout?.machine.supersede(by: "a call of \(call.user)", at: clock.now()) ?? [])
    }

    /// Answers those who have waited too long; looked at with every event, of which there is one a heartbeat at least.
    func refuseLateCalls() {
        let now = clock.now()
        while let first = waiting.first, now.microseconds(since: first.arrived) > Self.waitMilliseconds * 1_000 {
            waiting.removeFirst()
            let message = "did not begin within \(Self.waitMilliseconds / 1_000) s: what was under way has not ended"
            first.answer.resume(returning: Self.refusal(first.request, message))
        }
    }

    /// Whether the rollout under way does all that the request asks.
    private func isJoinable(_ request: FleetRequest) -> Bool {
        switch request {
        case .configure(_, let window): window == nil || window == promise.replayWindow ?? replayWindow
        case .rollout: true
        case .remove, .release: false
        }
    }

    /// `nil` for a request that no rollout answers.
    func errand(_ request: FleetRequest) -> Errand? {
        let absent = configuration.absent
        switch request {
        case .configure(let enabled, let window):
            let window = window == replayWindow ? nil : window
            if let enabled, !enabled { return Errand(kind: .disable, absent: absent, replayWindow: window) }
            if enabled == true && !desired { return Errand(kind: .enable, absent: absent, replayWindow: window) }
            if desired, window != nil { return Errand(kind: .rotate, absent: absent, replayWindow: window) }
            return enabled == true ? Errand(kind: .enable, absent: absent) : nil
        case .rollout(let kind, let policy):
            let absent = policy ?? absent
            switch kind {
            case .enable: return Errand(kind: .enable, absent: absent)
            case .disable: return Errand(kind: .disable, absent: absent)
            case .rotate: return desired ? Errand(kind: .rotate, absent: absent) : nil
            case .prepare: return desired ? nil : Errand(kind: .prepare, absent: absent)
            case .converge, .leave: return nil
            }
        case .remove(let name):
            guard let number = number(name) else { return nil }
            return Errand(kind: .leave(number), absent: .proceed)
        case .release: return nil
        }
    }

    /// Begins what the first waiting call asks for, for all the following ones that ask for the same.
    func beginNext() async {
        guard let first = waiting.first else { return }
        let same = waiting.prefix { $0.request == first.request }
        waiting.removeFirst(same.count)
        joined = Array(same)
        switch first.request {
        case .release(let name): return await release(name)
        case .remove(let name):
            guard let number = number(name) else {
                return answer(.failed(RolloutFailure(cause: .unknownNode, reasons: [])))
            }
            if absentNodes.contains(number) { return await quarantine(name, number) }
        case .configure(let enabled, let window):
            if !(enabled ?? desired), let window, window != replayWindow, !desired {
                // What stands prepared has the old window: it is replaced on the way up.
                let next = generation.next
                guard await persist([.replayWindow(window), .oldest(next)]) else { return abandon(Self.noJournal) }
                replayWindow = window
                oldest = next
                publish()
            }
        case .rollout: break
        }
        guard let errand = errand(first.request) else { return answer(.unchanged) }
        await begin(errand, for: first)
    }

    private func begin(_ errand: Errand, for call: Call) async {
        let absent = absentNodes
        if numbers.isEmpty { return answer(Self.refusal(call.request, "no node is enrolled")) }
        if knowledge.isBehind, errand.kind == .prepare { return answer(Self.refusal(call.request, Self.isBehind)) }
        if isReached(errand, absent) {
            guard await catchUp(by: errand) else { return abandon(Self.noJournal) }
            return answer(.unchanged)
        }
        if errand.kind.isClimb, let unsupported = unsupportedAgents() { return answer(.failed(unsupported)) }
        if errand.absent == .refuse, !absent.isEmpty {
            let reasons = absent.sorted().map { number in
                RolloutFailure.Reason(
                    node: roster.nodes[number]?.name, message: "is absent: its agent is not heard from")
            }
            return answer(.failed(RolloutFailure(cause: Self.cause(of: call.request), reasons: reasons)))
        }
        var promise = Promise(replayWindow: errand.replayWindow)
        switch errand.kind {
        case .enable: promise.desired = true
        case .disable: promise.desired = false
        case .prepare: promise.isPrepared = true
        case .leave: if case .remove(let name) = call.request { promise.removes = name }
        case .rotate, .converge, .inspect: break
        }
        await start(errand, promise: promise, absent: absent, user: call.user)
    }

    /// Whether target and every edge agree already.
    private func isReached(_ errand: Errand, _ absent: Set<NodeNumber>) -> Bool {
        let goal: Goal
        switch errand.kind {
        case .enable where desired && errand.replayWindow == nil: goal = Goal(.enforce)
        case .disable where !desired && errand.replayWindow == nil: goal = Goal(.clear)
        case .prepare where isPrepared: goal = Goal(.accept)
        default: return false
        }
        return StridePlanner(numbers: numbers, fleet: fleet, goal: goal, fresh: nil, silent: [], absent: absent)
            .isReached() && (absent.isEmpty || errand.absent == .proceed)
    }

    func number(_ name: NodeName) -> NodeNumber? {
        roster.nodes.values.first { $0.name == name }?.number
    }

    private func unsupportedAgents() -> RolloutFailure? {
        let old = numbers.compactMap { number in
            protocols[number].flatMap { $0 == protocolVersion ? nil : (number, $0) }
        }
        guard !old.isEmpty else { return nil }
        let reasons = old.map { number, version in
            RolloutFailure.Reason(
                node: roster.nodes[number]?.name,
                message: "the agent speaks protocol \(version), this coordinator \(protocolVersion)")
        }
        return RolloutFailure(cause: .unsupported, reasons: reasons)
    }

    /// Answers everybody who waits for the rollout that has just ended, or for one that need not begin.
    func answer(_ reply: RolloutAnswer) {
        let calls = joined
        joined = []
        for call in calls { call.answer.resume(returning: reply) }
        checkpoint.reach("answered")
    }

    static let noJournal = "the journal cannot be written"

    static func refusal(_ request: FleetRequest, _ message: String) -> RolloutAnswer {
        .failed(RolloutFailure(cause: cause(of: request), reasons: [.init(node: nil, message: message)]))
    }

    /// ONTAP has a code for each direction.
    static func cause(of request: FleetRequest) -> RolloutFailure.Cause {
        switch request {
        case .configure(enabled: false, _), .rollout(.disable, _), .remove, .release: .disableFailed
        case .configure, .rollout: .enableFailed
        }
    }
}

extension Rollout.Kind {
    /// Whether one turns off what the other turns on.
    func isOpposite(of other: Rollout.Kind) -> Bool {
        switch (self, other) {
        case (.disable, .enable), (.disable, .prepare), (.enable, .disable), (.prepare, .disable): true
        default: false
        }
    }
}
