internal import Fleet
internal import Ladder
internal import Logging
internal import Ports

/// A node that is no member any more, and the roster without it.
struct Departure {
    var name: NodeName
    var number: NodeNumber
    /// Addresses that its peers close.
    var quarantined: [Address]
    var roster: Roster
    var version: RosterVersion

    var entries: [JournalEntry] { [.removed(name, quarantined: quarantined), .roster(version)] }
}

/// Nodes that leave.
extension Coordinator {
    /// A node that is dead: its peers close the edges to its addresses until they are released, for whoever takes them
    /// next must not get plaintext, and a node that was only cut off must not be heard in clear.
    func quarantine(_ name: NodeName, _ number: NodeNumber) async {
        let isProtected = numbers.contains { peer in
            peer != number && fleet.states(Edge(peer, number)).contains { $0.high >= .send }
        }
        let addresses = desired || isProtected ? roster.nodes[number]?.addresses ?? [] : []
        if let departure = self.departure(of: name, quarantining: addresses) {
            guard await persist(departure.entries) else { return abandon(Self.noJournal) }
            await take(departure)
        }
        answer(.done(rollout: rolloutID))
    }

    /// What becomes so when a node is taken out; `nil` where it is no member.
    func departure(of name: NodeName, quarantining addresses: [Address]) -> Departure? {
        guard let number = number(name) else { return nil }
        var next = roster
        next.nodes[number] = nil
        next.quarantined = Array(Set(next.quarantined + addresses)).sorted()
        next.sequence += 1
        let version = RosterVersion(sequence: next.sequence, digest: digest(next))
        return Departure(name: name, number: number, quarantined: addresses, roster: next, version: version)
    }

    /// A departure is durable: nothing of the node counts any more, and the others are told.
    func take(_ departure: Departure) async {
        roster = departure.roster
        version = departure.version
        removed[departure.name] = JournalState.Removal(number: departure.number, quarantined: departure.quarantined)
        numbers.removeAll { $0 == departure.number }
        forget(departure.number, departure.name)
        logger.notice(
            "node removed",
            metadata: [
                "node": "\(departure.name)", "quarantined": "\(departure.quarantined.map(\.description))",
            ])
        await welcome(numbers)
        publish()
    }

    private func forget(_ number: NodeNumber, _ name: NodeName) {
        fleet.restrict(to: numbers)
        presence.forget(number)
        rotating.forget(number)
        knowledge.forget(number)
        joins.forget(number)
        gate.forget(number)
        incarnations[number] = nil
        spares.forget(number)
        bootIDs[number] = nil
        protocols[number] = nil
        problems[number] = nil
        unreached[number] = nil
        for peer in unreached.keys {
            unreached[peer]?.removeAll { $0.hasPrefix("to \(name): ") || $0.hasPrefix("from \(name): ") }
        }
    }

    func release(_ name: NodeName) async {
        guard let removal = removed[name] else {
            return answer(.failed(RolloutFailure(cause: .unknownNode, reasons: [])))
        }
        guard !removal.quarantined.isEmpty else { return answer(.unchanged) }
        var next = roster
        next.quarantined.removeAll { removal.quarantined.contains($0) }
        next.sequence += 1
        let version = RosterVersion(sequence: next.sequence, digest: digest(next))
        guard await persist([.released(name), .roster(version)]) else { return abandon(Self.noJournal) }
        roster = next
        self.version = version
        removed[name]?.quarantined = []
        logger.notice("addresses released", metadata: ["node": "\(name)"])
        await welcome(numbers)
        publish()
        answer(.done(rollout: rolloutID))
    }
}
