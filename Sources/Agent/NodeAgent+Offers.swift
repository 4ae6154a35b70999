internal import Fleet
internal import Ladder
internal import MeshKeys
internal import Ports

/// This node's offers: asked for, or made ahead of time.
extension NodeAgent {
    /// A slot is durable before the offer that has it leaves.
    func makeOffer(for set: Generation) async -> NodeLadder.Performance {
        do {
            let look = try await currentLook()
            let standing = look.standing
            if let offer = ring.offer(set: set) { return .init(standing: standing, offer: offer) }
            abandonSets()
            // Asked although one is ready: an earlier set has named that one.
            for spare in ring.abandonSpares() { memory.slots.release(spare.slot) }
            let (next, slot) = try withSlot(for: set, look)
            guard save(next) else {
                return .init(refusals: [Refusal(cause: .host, message: NodeLadder.noRecord)], standing: standing)
            }
            return .init(standing: standing, offer: ring.make(set: set, slot: slot))
        } catch {
            return .init(refusals: [Refusal(cause: .keys, message: "\(error)")], standing: nil)
        }
    }

    /// Has an offer ready for the next set: one that is made between orders keeps no rollout waiting. Where none can be
    /// made, it is said when one is asked for.
    func prepareSpare() {
        guard ring.spare == nil, roster != nil, refused == nil, support.lacking == nil, let look = lastLook,
            let (next, slot) = try? withSlot(for: .none, look), (try? record.save(next)) != nil
        else { return }
        memory = next
        _ = ring.makeSpare(slot: slot)
    }

    /// The connection is a new one: who listens may be another process, which does not know what the one before has named.
    func outdateSpare() {
        guard !identity.flaws.contains(.tellsSparesAgain) else { return }
        if let dropped = ring.outdateSpare() { memory.slots.release(dropped.slot) }
    }

    /// A set that names the spare offer has it from now on. Which slot is whose becomes durable with the peers' slots, before
    /// an SA is made.
    func assignSpare() {
        guard let own, let offers, let named = offers.offers[own.number] else { return }
        let set = offers.version.generation
        guard ring.assignSpare(named, to: set) else { return }
        abandonSets(but: set)
        memory.slots.assign(named.slot, to: set)
    }

    private func abandonSets(but kept: Generation? = nil) {
        for earlier in ring.sets where earlier != kept {
            ring.abandon(set: earlier)
            memory.slots.release(set: earlier)
        }
    }

    /// What is to be remembered of one more slot, which no SA has; ``Generation/none`` stands for a set not known yet.
    private func withSlot(for set: Generation, _ look: Look) throws(SlotLedger.Exhausted) -> (NodeMemory, Slot) {
        var next = memory
        let reuses = identity.flaws.contains(.reusesSlots)
        if reuses { next.slots = SlotLedger() }
        let slot = try next.slots.take(for: set, inUse: reuses ? [] : ownSlots(in: look))
        return (next, slot)
    }
}
