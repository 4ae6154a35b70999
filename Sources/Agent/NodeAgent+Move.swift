internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports
internal import XFRM

/// Changing the kernel as an order says.
extension NodeAgent {
    /// What a move comes down to: the edges that are not there yet, and the keys of SAs that are made.
    private struct Wants {
        var edges: [EdgeWant] = []
        /// By peer; what is not asked for is not there.
        var made: [NodeNumber: Result<PairKeys, KeyError>] = [:]
        var keys: [AssociationID: Secret] = [:]
        var refusals: [Refusal] = []
    }

    func move(_ rule: EdgeRule, fresh: Order.Fresh?) async -> NodeLadder.Performance {
        let targets = own.map { rule.places(from: $0.number, toward: Set(neighbourhood.places.keys)) } ?? [:]
        var wants = Wants()
        do throws(KernelError) {
            let before = try await mendedLook()
            wants.made = await makeKeys(for: targets, fresh, before)
            for (number, target) in targets.sorted(by: { $0.key < $1.key }) {
                if let place = neighbourhood.places[number] { note(target, of: before.edges[place], fresh, in: &wants) }
            }
            guard prepareRecord(for: wants.edges, fresh, before) else {
                let refusal = Refusal(cause: .host, message: NodeLadder.noRecord)
                return .init(refusals: [refusal], standing: before.standing)
            }
            let changes = Plan.changes(have: before.index, wants: wants.edges, bypass: bypass)
            var refusals = wants.refusals
            refusals += try await apply(changes, keys: wants.keys)
            let pretended = identity.flaws.contains(.reportsTheOrder) ? pretended(targets, fresh, before) : nil
            let after = try await look(consume before, after: changes, toward: wants.edges.map(\.peer))
            var standing = after.standing
            if let pretended {
                standing = pretended
                refusals = []
            }
            if let fresh, fresh.isMade, refusals.isEmpty { retire(fresh.version.generation) }
            // Only what the order was about: where another edge is not as it should be, that is drift.
            intent.set(standing, toward: targets.keys)
            intent.bypass = Set(bypass.map(\.id))
            settleRecord(after, after: wants.edges)
            return .init(refusals: limited(refusals), standing: standing)
        } catch {
            let refusal = Refusal(cause: .kernel, message: "\(error)")
            return .init(refusals: limited(wants.refusals + [refusal]), standing: nil)
        }
    }

    /// Where the edges would stand if all had gone well.
    private func pretended(_ targets: [NodeNumber: Place], _ fresh: Order.Fresh?, _ before: Look) -> Standing {
        Standing(
            before.edges.map { edge in
                let place = targets[edge.peer.number]
                let state = place.map { edge.state.moved(to: $0, fresh?.version.generation) } ?? edge.state
                return (edge.peer.number, state)
            })
    }

    private func note(_ place: Place, of edge: Look.Edge, _ fresh: Order.Fresh?, in wants: inout Wants) {
        let set = fresh?.version.generation
        let (peer, state) = (edge.peer, edge.state)
        if state.isAt(place, set) { return }
        if let objection = objection(to: place, of: edge, fresh) {
            wants.refusals.append(Refusal(cause: objection.cause, peer: peer.number, message: objection.message))
            return
        }
        do throws(KeyError) {
            let want = try want(place, of: peer, edge.reading, state, fresh, &wants)
            wants.edges.append(want)
        } catch {
            wants.refusals.append(Refusal(cause: .keys, peer: peer.number, message: "\(error)"))
        }
    }

    private func objection(
        to place: Place, of edge: Look.Edge, _ fresh: Order.Fresh?
    ) -> (cause: Refusal.Cause, message: String)? {
        // The family that has climbed highest counts: another one may just have come to the roster.
        let rung = edge.reading.pairs.map(\.low).max() ?? edge.state.low
        if let words = rules.objection(from: rung, to: place.rung) { return (.forbidden, words) }
        return edge.state.objection(to: place, fresh?.version.generation).map { (.order, $0) }
    }

    private func want(
        _ place: Place, of peer: Node, _ reading: EdgeReading, _ state: EdgeState, _ fresh: Order.Fresh?,
        _ wants: inout Wants
    ) throws(KeyError) -> EdgeWant {
        let set = fresh?.version.generation
        let isMade = Self.makesKeys(place, from: state, fresh)
        var pairs = reading.pairs.map { pair in
            AddressPair(
                own: pair.own, peer: pair.peer, inbound: pair.inbound.first { self.set(ofInbound: $0) == set },
                outbound: pair.outbound.first { self.set(ofOutbound: $0, of: peer) == set })
        }
        if isMade { pairs = try take(wants.made[peer.number], into: &wants.keys) }
        if place.rung.sendsESP {
            let sent = state.moved(to: place, set).sends.last ?? .none
            for (index, pair) in reading.pairs.enumerated() where pairs.indices.contains(index) {
                pairs[index].sending =
                    sent == set && isMade
                    ? pairs[index].outbound : pair.outbound.first { self.set(ofOutbound: $0, of: peer) == sent }
            }
        }
        let leavesKeys = set.map { place.keys == .old && !state.hasOthers(than: $0) } ?? true
        let isEarly = identity.flaws.contains(.enforcesEarly) && place.rung == .send
        return EdgeWant(
            peer: peer.number, pairs: pairs, rung: isEarly ? .enforce : place.rung, keys: leavesKeys ? nil : place.keys,
            makesAssociations: isMade, replayWindow: offers?.replayWindow ?? 64,
            probePort: roster?.probePort ?? Roster.defaultProbePort)
    }

    /// Whether SAs are made on the way.
    private static func makesKeys(_ place: Place, from state: EdgeState, _ fresh: Order.Fresh?) -> Bool {
        guard let fresh, fresh.isMade, !state.holds.contains(fresh.version.generation) else { return false }
        return place.keys != .old && place.rung != .clear
    }

    /// The keys of all SAs that the order makes; each is made once, also where the order is refused afterwards.
    private func makeKeys(
        for targets: [NodeNumber: Place], _ fresh: Order.Fresh?, _ look: Look
    ) async -> [NodeNumber: Result<PairKeys, KeyError>] {
        guard let fresh, fresh.isMade else { return [:] }
        let makers = targets.keys.sorted().compactMap { number -> Node? in
            guard let target = targets[number], let place = neighbourhood.places[number] else { return nil }
            let state = look.edges[place].state
            let isWanted =
                !state.isAt(target, fresh.version.generation)
                && objection(to: target, of: look.edges[place], fresh) == nil
            return isWanted && Self.makesKeys(target, from: state, fresh) ? peers[place] : nil
        }
        guard let own, let roster, let offers, offers.version.generation == fresh.version.generation else {
            let failure = Result<PairKeys, KeyError>.failure(.gone(set: fresh.version.generation))
            return Dictionary(uniqueKeysWithValues: makers.map { ($0.number, failure) })
        }
        return await ring.derive(own: own, peers: makers, offers: offers, fleetID: roster.fleetID)
    }

    private func take(
        _ made: Result<PairKeys, KeyError>?, into keys: inout [AssociationID: Secret]
    ) throws(KeyError) -> [AddressPair] {
        guard let derived = try made?.get() else { return [] }
        for key in derived.inbound + derived.outbound {
            keys[AssociationID(source: key.source, destination: key.destination, spi: key.spi)] = key.key
        }
        return derived.outbound.map { outbound in
            let inbound = derived.inbound.first {
                $0.source == outbound.destination && $0.destination == outbound.source
            }
            return AddressPair(
                own: outbound.source, peer: outbound.destination, inbound: inbound?.spi, outbound: outbound.spi)
        }
    }

    func apply(_ changes: [Change], keys: [AssociationID: Secret]) async throws(KernelError) -> [Refusal] {
        var batch: [KernelChange] = []
        for change in changes {
            if case .addAssociation(let association) = change {
                guard let key = keys[association.id] else { continue } // No plan re-creates an SA without a fresh key.
                if identity.flaws.contains(.recreatesAssociations) { keptKeys[association.id] = (association, key) }
                batch.append(.addAssociation(association, key: key))
            } else if let keyless = KernelChange(keyless: change) {
                batch.append(keyless)
            }
        }
        if batch.isEmpty { return [] }
        // Also where it fails: a part may be done.
        lastLook = nil
        return try await kernel.apply(batch).map { refusal in
            Refusal(cause: .kernel, peer: peer(of: batch[refusal.index]), message: "\(refusal.error)")
        }
    }

    /// Every pair has its SAs: the private half is of no further use.
    private func retire(_ generation: Generation) {
        ring.retire(set: generation)
        memory.slots.release(set: generation)
        if offers?.version.generation == generation { offers = nil }
    }

    func limited(_ refusals: [Refusal]) -> [Refusal] {
        refusals.prefix(Refusal.perReportMaximum).map { refusal in
            var short = refusal
            if refusal.message.utf8.count > Refusal.messageLengthMaximum {
                short.message = String(refusal.message.prefix(Refusal.messageLengthMaximum / 4)) + "…"
            }
            return short
        }
    }

    private func peer(of change: KernelChange) -> NodeNumber? {
        let addresses: [Address] =
            switch change {
            case .addAssociation(let association, _): [association.id.source, association.id.destination]
            case .deleteAssociation(let id): [id.source, id.destination]
            case .addPolicy(let policy), .updatePolicy(let policy):
                [policy.id.selector.source.address, policy.id.selector.destination.address]
            case .deletePolicy(let id): [id.selector.source.address, id.selector.destination.address]
            }
        return addresses.lazy.compactMap { self.neighbourhood.numbers[$0] }.first
    }
}

/// What is durable around a move.
extension NodeAgent {
    /// Slots of peers are forgotten where so many a peer are known: an old one does no harm.
    private static let peerSlotsMaximum = 4

    /// Before: which slots the SAs that are made will have, and which edges will be protected.
    private func prepareRecord(for edges: [EdgeWant], _ fresh: Order.Fresh?, _ look: Look) -> Bool {
        var next = memory
        if let fresh, edges.contains(where: \.makesAssociations), let offers {
            let count = next.peerSlots.sets.count
            if count > Self.peerSlotsMaximum * peers.count || count + offers.offers.count > PeerSlots.entriesMaximum {
                next.peerSlots.keep(peerSlots(in: look), and: fresh.version.generation)
            }
            next.peerSlots.note(fresh.version.generation, offers.offers.mapValues(\.slot))
        }
        for edge in edges where edge.rung.isProtected {
            next.shield.pairs.formUnion(edge.pairs.map { Shield.Pair(own: $0.own, peer: $0.peer) })
        }
        if let roster, let own {
            next.shield.own = own.addresses
            next.shield.bypass = roster.bypass
        }
        return next == memory || save(next)
    }

    /// After: edges that are not protected any more.
    private func settleRecord(_ look: Look, after wants: [EdgeWant]) {
        let isAsBefore = wants.lazy.flatMap(\.pairs).allSatisfy { pair in
            let isProtected = EdgeReading.read(look.index, pairs: [pair]).high.isProtected
            return isProtected == memory.shield.pairs.contains(Shield.Pair(own: pair.own, peer: pair.peer))
        }
        let closed = quarantinedPairs + keptPairs(in: look)
        let isNoted = closed.allSatisfy { memory.shield.pairs.contains(Shield.Pair(own: $0.own, peer: $0.peer)) }
        if isAsBefore && isNoted && !wants.isEmpty { return }
        var pairs: Set<Shield.Pair> = []
        for edge in look.edges {
            // Also what lost its policies just now: they are put back, and nobody looks at the shield then.
            let isMeant = intent.edges[edge.peer.number]?.low.isProtected ?? false
            for pair in edge.reading.pairs {
                let known = Shield.Pair(own: pair.own, peer: pair.peer)
                if pair.high.isProtected || (isMeant && memory.shield.pairs.contains(known)) { pairs.insert(known) }
            }
        }
        for pair in closed {
            pairs.insert(Shield.Pair(own: pair.own, peer: pair.peer))
        }
        guard pairs != memory.shield.pairs else { return }
        var next = memory
        next.shield.pairs = pairs
        _ = save(next) // What is too much in it closes an edge at the next boot, which is safe.
    }
}
