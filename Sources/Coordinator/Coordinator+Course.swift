internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports

/// What happens when no rollout is under way: calls that waited come next; else what an earlier process left open; else
/// edges that are not where they should be; else what is due by the clock.
extension Coordinator {
    func goOn() async {
        guard rollout == nil else { return }
        let now = clock.now()
        let isGathering = now.microseconds(since: began) < Self.gatheringMilliseconds * 1_000
        if isGathering && !picture.absent.isEmpty { return }
        if let open = interrupted {
            interrupted = nil
            return await resume(open)
        }
        if !waiting.isEmpty {
            await beginNext()
            // One that needed no rollout is answered; the next may need one.
            if rollout == nil && !waiting.isEmpty { await goOn() }
            return
        }
        if converging.isDue(at: now) {
            if let joiners = strayNodes() { return await converge(joiners) }
            converging.noteNothing(among: numbers.count, at: now)
        }
        guard desired else { return }
        if let cause = rotating.cause(at: now, isPresent: presence.isPresent) { return await rotate(cause) }
        if let interval = configuration.inspectionMilliseconds, configuration.limits.probes,
            now.microseconds(since: inspectedAt) > interval * 1_000
                || roundTripMicroseconds == 0 && inspectedAt == began
        {
            // Spread by up to a tenth, so that fleets do not probe in step.
            inspectedAt = now.advanced(byMilliseconds: random() % (interval / 10 + 1))
            await start(
                Errand(kind: .inspect, absent: .proceed), promise: Promise(), absent: absentNodes, user: Self.ownName)
        }
    }

    /// Who began a rollout that nobody called for.
    static let ownName = "coordinator"

    /// Worn keys do not wait for a node that is away, whatever the policy: an SA without ESN sends nothing any more after
    /// 2³² packets, and pairs of present nodes can have new ones. Its own come with it.
    private func rotate(_ cause: Rotating.Cause) async {
        rotating.noteTry(at: clock.now())
        let absent = absentNodes
        let policy = cause == .packets ? .proceed : configuration.absent
        guard policy == .proceed || absent.isEmpty else {
            let reason = "this node is absent: bring it back, remove it, or set absent to proceed"
            rotating.noteFailure(Dictionary(uniqueKeysWithValues: absent.map { ($0, [reason]) }))
            logger.warning("rotation put off", metadata: ["absent": "\(absent.sorted().map(name))"])
            return publish()
        }
        await start(Errand(kind: .rotate, absent: policy), promise: Promise(), absent: absent, user: Self.ownName)
    }

    /// An earlier process died in a rollout. Forward it is gone on with from where the edges stand; if the way back had
    /// begun, or a node is missing that it would not go on without, the edges go to where they were before the call.
    private func resume(_ open: JournalState.OpenRollout) async {
        // The journal is an old one: what became of this rollout since, and what was asked for after it, it does not know.
        if !knowledge.ahead.isEmpty { return await giveUp(open) }
        let absent = absentNodes
        let isBlocked = open.absent == .refuse && !absent.isEmpty
        var promise = Promise(replayWindow: open.replayWindow)
        var kind: Rollout.Kind
        switch open.kind {
        case .enable: (kind, promise.desired) = (.enable, true)
        case .disable: (kind, promise.desired) = (.disable, false)
        case .rotate: kind = .rotate
        case .prepare: (kind, promise.isPrepared) = (.prepare, true)
        // Nobody waits for it: edges converge by themselves.
        case .converge: kind = .converge(desired ? .enforce : .clear)
        // The node is a member still, and comes back up: whoever wants it to leave says so again.
        case .leave:
            kind = .converge(desired ? .enforce : .clear)
            promise.isLost = true
        }
        if open.isWayBack || isBlocked {
            kind = .converge(desired ? .enforce : .clear)
            promise = Promise(isLost: true)
        }
        // Where the fleet was before the call such a journal does not know either.
        if knowledge.isBehind && kind == .converge(.clear) { return await giveUp(open) }
        logger.notice(
            "rollout goes on after a restart",
            metadata: ["rollout": "\(open.id)", "kind": "\(open.kind)", "isWayBack": "\(promise.isLost)"])
        await start(
            Errand(kind: kind, absent: open.absent, replayWindow: promise.replayWindow), promise: promise,
            absent: absent, user: open.user,
            resuming: open)
    }

    /// Nodes whose edges are not where the fleet should be, `nil` where there are none; the nodes of which that is true
    /// of every edge, if there are such, for it is they who have come (back).
    private func strayNodes() -> Set<NodeNumber>? {
        // Edges to absent nodes stay where they are, and are N² in all while a fleet comes back.
        let absent = absentNodes
        let present = numbers.filter { !absent.contains($0) }
        var goal = Goal(desired ? .enforce : .clear)
        goal.oldest = oldest
        let planner = StridePlanner(numbers: present, fleet: fleet, goal: goal, fresh: nil, silent: [])
        let open = planner.open()
        if open.isEmpty { return nil }
        if !desired {
            // Down only where that was asked for: see Coordinator+Behind.swift.
            if isPrepared || knowledge.isBehind { return nil }
            // A coordinator that was restarted does not remember why: a whole fleet at `accept` was prepared.
            let prepared = StridePlanner(
                numbers: present, fleet: fleet, goal: Goal(.accept), fresh: nil, silent: [])
            if prepared.isReached() {
                isPrepared = true
                return nil
            }
        }
        var counts: [NodeNumber: Int] = [:]
        for edge in open { for end in [edge.node, edge.peer] { counts[end, default: 0] += 1 } }
        let all = present.count - 1
        let strays = Set(counts.filter { $0.value == all }.keys)
        return strays.isEmpty || strays.count * 2 > numbers.count ? Set(counts.keys) : strays
    }

    private func converge(_ nodes: Set<NodeNumber>) async {
        await start(
            Errand(kind: .converge(desired ? .enforce : .clear), absent: .proceed), promise: Promise(),
            absent: absentNodes, examined: nodes, user: Self.ownName)
    }

    /// Whatever may have ended a join but the node's own word: others left, or the fleet is on.
    func noteJoins() {
        guard desired else { return }
        for node in joins.pending { noteJoin(of: node) }
    }

    func noteJoin(of node: NodeNumber) {
        guard desired, joins.isPending(node) else { return }
        let isJoined = current.isEnforcing(node, toward: numbers.lazy.filter { !self.picture.absent.contains($0) })
        if isJoined { joins.end(node, at: clock.now()) }
    }

    func digest(_ roster: Roster) -> Fleet.Digest { Digest(of: roster) }
}
