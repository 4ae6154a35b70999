internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports
internal import XFRM

/// What orders come down to: reading the kernel, making offers, changing the kernel.
extension NodeAgent {
    func perform(_ work: NodeLadder.Work) async -> NodeLadder.Performance {
        switch work {
        case .observe: return .init(standing: await observe().standing)
        case .preflight: return await preflight()
        case .offer(let set): return await makeOffer(for: set)
        case .move(let targets, let offers): return await move(targets, offers: offers)
        }
    }

    /// Where every edge stands, and what an operator must act on.
    func observe() async -> (standing: Standing?, problems: [String]) {
        var problems: [String] = []
        if let lacking = support.lacking { problems.append("the kernel lacks IPsec: \(lacking)") }
        do {
            let snapshot = try await kernel.snapshot()
            let retired = Plan.retiredBypass(have: snapshot, bypass: bypass)
            if !retired.isEmpty {
                problems.append("\(retired.count) bypass policies are in no list any more: turn IPsec off and on")
            }
            return (standing(in: snapshot), problems)
        } catch {
            logger.error("kernel not read", metadata: ["error": "\(error)"])
            return (nil, problems + ["the kernel's XFRM state cannot be read: \(error)"])
        }
    }

    private func preflight() async -> NodeLadder.Performance {
        var refusals: [Refusal] = []
        do throws(KernelError) {
            if support.lacking != nil { support = try await kernel.support() }
            if let lacking = support.lacking { refusals.append(Refusal(cause: .unsupported, message: lacking)) }
            let snapshot = try await kernel.snapshot()
            let wants = peers.map { EdgeWant(peer: $0.number, pairs: pairs(with: $0), rung: .enforce) }
            for peer in peers where pairs(with: peer).isEmpty {
                refusals.append(Refusal(cause: .host, peer: peer.number, message: "no address family in common"))
            }
            let foreign = Plan.foreignInTheWay(have: snapshot, wants: wants, bypass: bypass)
            refusals += foreign.map { Refusal(cause: .foreign, message: "\($0)") }
            refusals += try await kernel.obstacles().map { Refusal(cause: .host, message: $0) }
            return .init(refusals: limited(refusals), standing: standing(in: snapshot))
        } catch {
            refusals.append(Refusal(cause: .kernel, message: "\(error)"))
            return .init(refusals: limited(refusals), standing: nil)
        }
    }

    /// A slot is durable before the offer that has it leaves.
    private func makeOffer(for set: Generation) async -> NodeLadder.Performance {
        do {
            let snapshot = try await kernel.snapshot()
            let standing = standing(in: snapshot)
            if let offer = ring.offer(set: set) { return .init(standing: standing, offer: offer) }
            let held = snapshot.associations.map(\.association).filter(Ownership.owns).compactMap(\.id.spi.slot)
            for earlier in ring.sets {
                ring.abandon(set: earlier)
                memory.slots.release(set: earlier)
            }
            let slot = try memory.slots.take(for: set, inUse: Set(held))
            guard save() else {
                return .init(
                    refusals: [Refusal(cause: .host, message: "the record cannot be written")], standing: standing)
            }
            return .init(standing: standing, offer: ring.make(set: set, slot: slot))
        } catch {
            return .init(refusals: [Refusal(cause: .keys, message: "\(error)")], standing: nil)
        }
    }

    private func move(_ targets: [NodeNumber: Rung], offers generation: Generation?) async -> NodeLadder.Performance {
        var refusals: [Refusal] = []
        do throws(KernelError) {
            let before = try await kernel.snapshot()
            let index = SnapshotIndex(before)
            var wants: [EdgeWant] = []
            var keys: [AssociationID: Secret] = [:]
            for peer in peers {
                guard let rung = targets[peer.number], rung != .closed else { continue }
                let state = state(of: peer, in: index)
                if state.low == rung && state.high == rung { continue }
                if let objection = state.objection(to: rung) {
                    refusals.append(Refusal(cause: .order, peer: peer.number, message: objection))
                    continue
                }
                do throws(KeyError) {
                    let fresh = state.low == .clear && rung == .accept
                    let pairs = fresh ? try derive(peer, generation, into: &keys) : pairs(with: peer)
                    wants.append(EdgeWant(peer: peer.number, pairs: pairs, rung: rung))
                } catch {
                    refusals.append(Refusal(cause: .keys, peer: peer.number, message: "\(error)"))
                }
            }
            let changes = Plan.changes(have: before, wants: wants, bypass: bypass)
            refusals += try await apply(changes, keys: keys)
            let standing = standing(in: try await kernel.snapshot())
            if let generation, refusals.isEmpty { retire(generation) }
            return .init(refusals: limited(refusals), standing: standing)
        } catch {
            return .init(refusals: limited(refusals + [Refusal(cause: .kernel, message: "\(error)")]), standing: nil)
        }
    }

    private func apply(_ changes: [Change], keys: [AssociationID: Secret]) async throws(KernelError) -> [Refusal] {
        var batch: [KernelChange] = []
        for change in changes {
            switch change {
            case .addAssociation(let association):
                guard let key = keys[association.id] else { continue } // No plan re-creates an SA without a fresh key.
                batch.append(.addAssociation(association, key: key))
            case .deleteAssociation(let id): batch.append(.deleteAssociation(id))
            case .addPolicy(let policy): batch.append(.addPolicy(policy))
            case .updatePolicy(let policy): batch.append(.updatePolicy(policy))
            case .deletePolicy(let id): batch.append(.deletePolicy(id))
            }
        }
        if batch.isEmpty { return [] }
        return try await kernel.apply(batch).map { refusal in
            Refusal(cause: .kernel, peer: peer(of: batch[refusal.index]), message: "\(refusal.error)")
        }
    }

    private func derive(
        _ peer: Node, _ generation: Generation?, into keys: inout [AssociationID: Secret]
    ) throws(KeyError) -> [AddressPair] {
        guard let own, let roster, let generation, let offers, offers.generation == generation else {
            throw .gone(set: generation ?? .none)
        }
        let derived = try ring.derive(own: own, peer: peer, offers: offers, fleetID: roster.fleetID)
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

    /// Every pair has its SAs: the private half is of no further use.
    private func retire(_ generation: Generation) {
        ring.retire(set: generation)
        memory.slots.release(set: generation)
        if offers?.generation == generation { offers = nil }
    }

    private func limited(_ refusals: [Refusal]) -> [Refusal] {
        refusals.prefix(Refusal.perReportMaximum).map { refusal in
            var short = refusal
            if refusal.message.utf8.count > Refusal.messageLengthMaximum {
                short.message = String(refusal.message.prefix(Refusal.messageLengthMaximum / 4)) + "…"
            }
            return short
        }
    }
}

/// What the roster and a snapshot say of the edges.
extension NodeAgent {
    var peers: [Node] {
        guard let roster, let own else { return [] }
        return roster.nodes.values.filter { $0.number != own.number }.sorted { $0.number < $1.number }
    }

    var bypass: [Policy] {
        guard let roster, let own else { return [] }
        return BypassPolicies.policies(for: roster.bypass, own: own)
    }

    /// One address pair for each family that both nodes have.
    func pairs(with peer: Node) -> [AddressPair] {
        Address.Family.allCases.compactMap { family in
            guard let mine = own?.address(family), let theirs = peer.address(family) else { return nil }
            return AddressPair(own: mine.address, peer: theirs.address)
        }
    }

    func standing(in snapshot: Snapshot) -> Standing {
        let index = SnapshotIndex(snapshot)
        var states: [NodeNumber: EdgeState] = [:]
        for peer in peers { states[peer.number] = state(of: peer, in: index) }
        return Standing(states)
    }

    func state(of peer: Node, in index: SnapshotIndex) -> EdgeState {
        let reading = EdgeReading.read(index, pairs: pairs(with: peer))
        let slots = Set(reading.pairs.flatMap(\.inbound).compactMap(\.slot))
        let set = slots.count == 1 ? slots.first.flatMap { memory.slots.set(of: $0) } : nil
        return EdgeState(low: reading.low, high: reading.high, offers: set)
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
        return peers.first { peer in addresses.contains { peer.addresses.contains($0) } }?.number
    }
}
