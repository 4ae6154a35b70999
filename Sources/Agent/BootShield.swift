internal import Fleet
public import Ports
internal import XFRM

/// Closes the edges that were protected when the machine went down, before anything can be sent or taken in clear.
public enum BootShield {
    /// How many address pairs were closed.
    ///
    /// Pairs that have anything of ours in the kernel are left alone: they kept their state.
    public static func raise(_ shield: Shield, on kernel: any Kernel) async throws(KernelError) -> Int {
        guard !shield.pairs.isEmpty else { return 0 }
        let snapshot = try await kernel.snapshot()
        let index = SnapshotIndex(snapshot)
        let pairs = shield.pairs.sorted().map { AddressPair(own: $0.own, peer: $0.peer) }.filter { pair in
            EdgeReading.read(index, pairs: [pair]).high == .clear
        }
        guard !pairs.isEmpty, let anybody = NodeNumber(NodeNumber.maximum) else { return 0 }
        let bypass = BypassPolicies.policies(for: shield.bypass, ownAddresses: shield.own)
        let wants = [EdgeWant(peer: anybody, pairs: pairs, rung: .closed)]
        let batch = Plan.changes(have: snapshot, wants: wants, bypass: bypass).compactMap(KernelChange.init(keyless:))
        if let refusal = try await kernel.apply(batch).first { throw refusal.error }
        return pairs.count
    }

    /// Leaves no SA of ours, for they are another machine's as well where this one is a clone, and two machines that send
    /// with one key spend it. Every edge of the record is closed, and every one that demands ESP for all of its traffic;
    /// one at `accept`, whose traffic is clear, is clear then.
    static func lower(_ shield: Shield, on kernel: any Kernel) async throws(KernelError) {
        let snapshot = try await kernel.snapshot()
        let demanded = Plan.protectedPairs(in: snapshot).map { Shield.Pair(own: $0.own, peer: $0.peer) }
        let closed = shield.pairs.union(demanded)
        guard let anybody = NodeNumber(NodeNumber.maximum) else { return }
        let bypass = BypassPolicies.policies(for: shield.bypass, ownAddresses: shield.own)
        let pairs = closed.sorted().map { AddressPair(own: $0.own, peer: $0.peer) }
        let wants = pairs.isEmpty ? [] : [EdgeWant(peer: anybody, pairs: pairs, rung: .closed)]
        let changes =
            Plan.changes(have: snapshot, wants: wants, bypass: bypass)
            + Plan.orphans(have: SnapshotIndex(snapshot)) { closed.contains(Shield.Pair(own: $0, peer: $1)) }
        let batch = changes.compactMap(KernelChange.init(keyless:))
        if let refusal = try await kernel.apply(batch).first { throw refusal.error }
    }
}

extension KernelChange {
    /// `nil` for a change that needs a key.
    init?(keyless change: Change) {
        switch change {
        case .addAssociation: return nil
        case .deleteAssociation(let id): self = .deleteAssociation(id)
        case .addPolicy(let policy): self = .addPolicy(policy)
        case .updatePolicy(let policy): self = .updatePolicy(policy)
        case .deletePolicy(let id): self = .deletePolicy(id)
        }
    }
}
