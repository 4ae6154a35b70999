internal import Fleet
internal import Ladder
internal import Logging
internal import Ports

/// What nodes know of the fleet that the journal does not.
struct Knowledge {
    /// The journal is older than the fleet, or begun anew. Durable: a rollout journals generations above every node's,
    /// and does not make the journal know what was asked for.
    var isBehind: Bool
    /// The nodes that showed it to this process.
    var ahead: Set<NodeNumber> = []
    /// Nodes that have taken orders from this journal before.
    var kin: Set<NodeNumber> = []
    /// Nodes that have taken none, and have not said yet where they stand.
    var strangers: Set<NodeNumber> = []

    init(isBehind: Bool) { self.isBehind = isBehind }

    /// The node is no member any more.
    mutating func forget(_ node: NodeNumber) {
        ahead.remove(node)
        kin.remove(node)
        strangers.remove(node)
    }
}

/// A journal that was lost or restored from a backup does not know what the operator asked for last. While that is so
/// the fleet is never turned off on the strength of it: an operator's call to turn on or off says which state is meant.
extension Coordinator {
    static let isBehind = "the coordinator's journal is older than the fleet: PATCH enabled to say which state is meant"

    /// A node said whose orders it took last, and the newest.
    func compare(_ hello: Hello, from node: NodeNumber) async {
        if hello.epoch == roster.epoch {
            knowledge.kin.insert(node)
            knowledge.strangers.remove(node)
            if hello.newest > journaled { await fallBehind(node, "it has taken order \(hello.newest)") }
        } else {
            knowledge.kin.remove(node)
            knowledge.strangers.insert(node)
            await compareStanding(of: node)
        }
    }

    /// A node said which order it has carried out.
    func compare(_ heartbeat: NodeHeartbeat, from node: NodeNumber) async {
        let newest = heartbeat.accepted.generation
        if newest > journaled, knowledge.kin.contains(node) {
            await fallBehind(node, "it has carried out order \(newest)")
        }
        await compareStanding(of: node)
    }

    /// Edges that are protected by somebody's order, and not by this journal's.
    func compareStanding(of node: NodeNumber) async {
        guard knowledge.strangers.contains(node), let standing = standing(of: node) else { return }
        knowledge.strangers.remove(node)
        let isProtected = ([standing.common] + standing.exceptions.values).contains { $0.high >= .send }
        if isProtected { await fallBehind(node, "another journal's orders have protected it") }
    }

    private func fallBehind(_ node: NodeNumber, _ reason: String) async {
        guard knowledge.ahead.insert(node).inserted else { return }
        logger.warning("the journal is behind the fleet", metadata: ["node": "\(name(node))", "reason": "\(reason)"])
        if !knowledge.isBehind {
            knowledge.isBehind = true
            // Where that cannot be written, the node says the same to the next process.
            _ = await persist([.behind])
        }
        publish()
        guard rollout?.machine.charter.kind == .converge(.clear) else { return }
        await perform(
            rollout?.machine.supersede(by: "node \(name(node)), which knows more than the journal", at: clock.now())
                ?? [])
    }

    /// A call that finds everything done has said which state is meant, too; false where that cannot be made durable.
    func catchUp(by errand: Errand) async -> Bool {
        guard knowledge.isBehind, [.enable, .disable].contains(errand.kind) else { return true }
        guard await persist([.caughtUp(generation)]) else { return false }
        noteCaughtUp()
        return true
    }

    /// The journal knows again what the operator wants, and every generation.
    func noteCaughtUp() {
        guard knowledge.isBehind else { return }
        knowledge.isBehind = false
        knowledge.ahead = []
        journaled = max(journaled, generation)
        converging.noteNews()
        publish()
    }

    /// Ends a rollout that an earlier process began, where the journal cannot say how to go on with it.
    func giveUp(_ open: JournalState.OpenRollout) async {
        let reason = RolloutFailure.Reason(node: nil, message: Self.isBehind)
        logger.warning("rollout given up", metadata: ["rollout": "\(open.id)", "reason": "\(reason.message)"])
        log.begin(open.id, kind: open.kind, at: clock.now())
        log.end(.failure, reasons: [reason], probeMicroseconds: 0, at: clock.now())
        // Where that cannot be written, the next process gives it up.
        _ = await persist([.ended(rollout: open.id, isSuccess: false, reasons: [reason.message])])
        publish()
        await goOn()
    }

    /// Sentences on a node that an operator must act on: its own, and what is known of it here.
    func sentences(of node: NodeNumber) -> [String] {
        var sentences = (problems[node] ?? []) + (unreached[node] ?? [])
        if desired { sentences += rotating.hindrances[node] ?? [] }
        // A process that was told by none of them knows it from the journal.
        if knowledge.isBehind, knowledge.ahead.isEmpty || knowledge.ahead.contains(node) {
            sentences.append(Self.isBehind)
        }
        return sentences
    }
}
