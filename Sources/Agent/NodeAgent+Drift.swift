internal import Fleet
internal import Ladder
internal import Logging
internal import Ports
internal import XFRM

/// What this agent put into the kernel last: what differs from it is drift.
struct Intent {
    /// The rung and the set that each edge sends with.
    private(set) var edges: [NodeNumber: EdgeState] = [:]
    /// The bypass policies. Those that came to the list since are not put in here and there: lists that differ between
    /// nodes lose packets.
    var bypass: Set<PolicyID> = []

    /// These edges were changed, and stand like this.
    mutating func set(_ standing: Standing, toward numbers: some Sequence<NodeNumber>) {
        for number in numbers { edges[number] = standing.state(toward: number) }
    }

    /// Forgets every other edge.
    mutating func keep(_ numbers: Set<NodeNumber>) { edges = edges.filter { numbers.contains($0.key) } }

    /// Takes what stands as intended for these peers, where nothing was intended before.
    mutating func adopt(_ standing: Standing, among peers: [Node]) {
        set(standing, toward: peers.map(\.number).filter { edges[$0] == nil })
    }
}

/// The kernel differs from what the agent put there: policies are put back; SAs never are, for their keys are gone, and
/// the coordinator gives the edge fresh ones.
extension NodeAgent {
    /// A look after policies of ours that somebody removed or changed were put back.
    func repairedLook() async throws(KernelError) -> Look {
        let look = try await look()
        let changes = repairs(of: look)
        try await recreate(missingFrom: look.index)
        guard !changes.isEmpty else { return look }
        for change in changes {
            logger.warning("drift: put right", metadata: ["change": "\(change)"])
        }
        noteRepair(changes)
        let refusals = try await apply(changes, keys: [:])
        for refusal in refusals { logger.error("drift not put right", metadata: ["kernel": "\(refusal.message)"]) }
        return try await self.look()
    }

    /// A flaw: what is missing is made again with its old key.
    private func recreate(missingFrom index: SnapshotIndex) async throws(KernelError) {
        guard identity.flaws.contains(.recreatesAssociations) else { return }
        var present: Set<AssociationID> = []
        index.forEachAssociation { present.insert($0.id) }
        let pinned = Set(index.pairPolicies.compactMap(\.sendingSPI))
        for (id, kept) in keptKeys where !present.contains(id) && pinned.contains(id.spi) {
            _ = try await kernel.apply([.addAssociation(kept.0, key: kept.1)])
        }
    }

    /// Policies that are missing or wrong, those to quarantined addresses, and what belongs to no peer any more.
    private func repairs(of look: Look) -> [Change] {
        guard roster != nil, own != nil else { return [] }
        var wants: [EdgeWant] = []
        for edge in look.edges {
            let (peer, reading, state) = (edge.peer, edge.reading, edge.state)
            guard let intended = intent.edges[peer.number], intended.low == intended.high, intended.low != .clear else {
                continue
            }
            let isStale = reading.pairs.contains(where: \.hasStaleTrial)
            guard isStale || state.low != intended.low || state.high != intended.high || state.sends != intended.sends,
                isStale || intended.low != .accept
            else { continue }
            let sent = intended.sends.last
            let wanted = reading.pairs.map { pair in
                AddressPair(
                    own: pair.own, peer: pair.peer,
                    sending: pair.outbound.first { set(ofOutbound: $0, of: peer) == sent } ?? pair.pinned)
            }
            wants.append(
                EdgeWant(
                    peer: peer.number, pairs: wanted, rung: intended.low, keys: intended.low == .closed ? .held : nil,
                    probePort: roster?.probePort ?? Roster.defaultProbePort))
        }
        let closed = quarantinedPairs + keptPairs(in: look)
        if !closed.isEmpty, let number = own?.number {
            wants.append(EdgeWant(peer: number, pairs: closed, rung: .closed))
        }
        let known = Set((peers.flatMap(pairs) + closed).map(PeerPair.init))
        let changes =
            wants.isEmpty
            ? Plan.bypassRepairs(in: look.index, bypass: bypass.filter { intent.bypass.contains($0.id) })
            : Plan.changes(have: look.index, wants: wants, bypass: bypass)
        return changes + strangeBypass(in: look).map(Change.deletePolicy)
            + Plan.orphans(have: look.index) { known.contains(PeerPair(own: $0, peer: $1)) }
    }

    /// What stands from an earlier list and lets a protected address's TCP pass in clear, which this node's own rules forbid
    /// to a list as well.
    private func strangeBypass(in look: Look) -> [PolicyID] {
        guard rules.minimumRung > .clear else { return [] }
        let guarded = Set(guardedPairs(in: look).map(\.peer))
        return Plan.retiredBypass(have: look.index, bypass: bypass).filter { id in
            let remote = id.direction == .out ? id.selector.destination : id.selector.source
            let port = id.direction == .out ? id.selector.destinationPort : id.selector.sourcePort
            let isOwn = rules.coordinator.map { remote == .host($0.address) && port == .exactly($0.port) } ?? false
            return !isOwn && guarded.contains { remote == .host($0) }
        }
    }

    private struct PeerPair: Hashable {
        var own: Address
        var peer: Address

        init(own: Address, peer: Address) {
            self.own = own
            self.peer = peer
        }

        init(_ pair: AddressPair) { self.init(own: pair.own, peer: pair.peer) }
    }

    /// One pair for each quarantined address of a family that this node has.
    var quarantinedPairs: [AddressPair] {
        (roster?.quarantined ?? []).compactMap { address in
            own?.address(address.family).map { AddressPair(own: $0.address, peer: address) }
        }
    }

    /// Pairs of protected edges that the roster has no more, and that this node's own rules keep from becoming clear:
    /// they stand closed until the rules are others.
    func keptPairs(in look: Look) -> [AddressPair] {
        guard rules.minimumRung > .clear else { return [] }
        let known = Set((peers.flatMap(pairs) + quarantinedPairs).map(PeerPair.init))
        return guardedPairs(in: look).subtracting(known)
            .map { AddressPair(own: $0.own, peer: $0.peer) }.sorted { $0.peer < $1.peer }
    }

    /// Pairs that stand where this node's own rules keep them from becoming clear, or are protected by its record.
    private func guardedPairs(in look: Look) -> Set<PeerPair> {
        let guarded = Plan.protectedPairs(in: look.index).filter { pair in
            rules.objection(from: EdgeReading.read(look.index, pairs: [pair]).high, to: .clear) != nil
        }
        return Set(guarded.map(PeerPair.init)).union(memory.shield.pairs.map { PeerPair(own: $0.own, peer: $0.peer) })
    }

    /// Addresses to which nothing goes in clear by this node's own record, or by its kernel under its own rules.
    func guardedAddresses() async -> Set<Address> {
        guard rules.minimumRung > .clear, let look = try? await currentLook() else {
            return Set(memory.shield.pairs.map(\.peer))
        }
        return Set(guardedPairs(in: look).map(\.peer))
    }

    /// Foreign objects where ours stand or would.
    func foreign(in look: Look) -> [ForeignObject] {
        if look.strangers == Snapshot() { return [] }
        let port = roster?.probePort ?? Roster.defaultProbePort
        let wants = peers.map {
            EdgeWant(peer: $0.number, pairs: pairs(with: $0), rung: .enforce, probePort: port)
        }
        return Plan.foreignInTheWay(have: look.strangers, wants: wants, bypass: bypass)
    }

    /// What in the kernel an operator must act on, each with what to do.
    func problems(in look: Look) -> [String] {
        var problems: [String] = []
        if let refused { problems.append("\(refused.objection): mend the configuration or the pin") }
        problems += keptPairs(in: look).map {
            "the roster has \($0.peer) no more, and minimum_rung is \(rules.minimumRung): nothing is sent to it"
        }
        let retired = Plan.retiredBypass(have: look.index, bypass: bypass)
        if !retired.isEmpty {
            problems.append("\(retired.count) bypass policies are in no list any more: turn IPsec off and on")
        }
        let lacking = Plan.bypassRepairs(in: look.index, bypass: bypass)
        if !lacking.isEmpty {
            problems.append("\(lacking.count) policies of the bypass list do not stand: turn IPsec off and on")
        }
        problems += foreign(in: look).map { "\($0): remove it, or take the traffic out of the fleet" }
        for edge in look.edges where edge.state.low.sendsESP {
            let isLacking = !edge.state.sends.allSatisfy(edge.state.holds.contains)
            if isLacking { problems.append("an SA of the edge to \(edge.peer.name) is missing: it gets fresh keys") }
        }
        if let repair = lastRepair, clock.now().microseconds(since: repair.at) < Self.repairShownMicroseconds {
            problems.append("somebody removed or changed \(repair.count) policies; they were put back: find out who")
        }
        for peer in peers where fragmentLosers.contains(peer.number) {
            problems.append("datagrams above the path's MTU do not reach \(peer.name): let fragments through")
        }
        return problems
    }

    private func noteRepair(_ changes: [Change]) {
        let now = clock.now()
        let earlier = lastRepair.map { now.microseconds(since: $0.at) < Self.repairShownMicroseconds ? $0.count : 0 }
        lastRepair = (at: now, count: (earlier ?? 0) + changes.count)
    }
}

/// What of the machine an operator must act on.
extension NodeAgent {
    /// Facts are looked up at most so often: they take a walk through /proc.
    static let factsMicroseconds: UInt64 = 10_000_000

    func currentFacts() async -> HostFacts {
        let now = clock.now()
        if let facts, now.microseconds(since: facts.at) < Self.factsMicroseconds { return facts.facts }
        let fresh = await host.facts()
        facts = (at: now, facts: fresh)
        return fresh
    }

    func hostProblems() async -> [String] {
        let facts = await currentFacts()
        var problems: [String] = []
        do throws(KernelError) {
            problems += try await kernel.obstacles().map { "\($0): turn it off" }
        } catch {
            problems.append("settings of interfaces cannot be read: \(error)")
        }
        problems += facts.keyDaemons.map {
            "\($0) runs and manages IPsec keys too: stop it, or keep it off this fleet's addresses"
        }
        problems += missingAddresses(facts)
        if let own {
            problems += facts.addresses.filter { !own.addresses.contains($0.address) }.map {
                "\($0.address) on \($0.interface) is in no roster: its traffic is not protected"
            }
        }
        return problems
    }

    /// Addresses that the roster gives this node and no interface has.
    func missingAddresses(_ facts: HostFacts) -> [String] {
        guard let own, !facts.addresses.isEmpty else { return [] }
        let present = Set(facts.addresses.map(\.address))
        return own.addresses.filter { !present.contains($0) }.map {
            "no interface of this node has \($0), which the fleet's configuration gives it"
        }
    }
}
