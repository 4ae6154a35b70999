internal import Fleet
public import Ports
internal import XFRM

/// Closes the edges that were protected when the machine went down, before anything can be sent or taken in clear.
public enum BootShield {
    /// How many address pairs were closed.
    ///
    /// Pairs that have anything of ours in the kernel are left alone, for they kept their state; but for those that an
    /// earlier try has closed in part.
    public static func raise(_ shield: Shield, on kernel: any Kernel) async throws(KernelError) -> Int {
        guard !shield.pairs.isEmpty else { return 0 }
        let index = SnapshotIndex(try await kernel.snapshot())
        let pairs = shield.pairs.sorted().map { AddressPair(own: $0.own, peer: $0.peer) }.filter { pair in
            let reading = EdgeReading.read(index, pairs: [pair])
            let isBare = reading.pairs.allSatisfy { $0.inbound.isEmpty && $0.outbound.isEmpty }
            return reading.low == .clear && (reading.high == .clear || isBare)
        }
        guard !pairs.isEmpty else { return 0 }
        try await carryOut(closing(pairs, of: shield, in: index), on: kernel)
        return pairs.count
    }

    /// Leaves no SA of ours, for they are another machine's as well where this one is a clone, and two machines that send
    /// with one key spend it. Every edge of the record is closed, and every one that demands ESP for all of its traffic;
    /// one at `accept`, whose traffic is clear, is clear then.
    static func lower(_ shield: Shield, on kernel: any Kernel) async throws(KernelError) {
        let index = SnapshotIndex(try await kernel.snapshot())
        let demanded = Plan.protectedPairs(in: index).map { Shield.Pair(own: $0.own, peer: $0.peer) }
        let closed = shield.pairs.union(demanded)
        let pairs = closed.sorted().map { AddressPair(own: $0.own, peer: $0.peer) }
        let orphans = Plan.orphans(have: index) { closed.contains(Shield.Pair(own: $0, peer: $1)) }
        try await carryOut(closing(pairs, of: shield, in: index) + orphans, on: kernel)
    }

    private static func closing(_ pairs: [AddressPair], of shield: Shield, in index: SnapshotIndex) -> [Change] {
        // The plan asks for some peer's number and does not look at it.
        let anybody = NodeNumber(NodeNumber.maximum)
        let wants = pairs.isEmpty ? [] : anybody.map { [EdgeWant(peer: $0, pairs: pairs, rung: .closed)] } ?? []
        let bypass = BypassPolicies.policies(for: shield.bypass, ownAddresses: shield.own)
        return Plan.changes(have: index, wants: wants, bypass: bypass)
    }

    private static func carryOut(_ changes: [Change], on kernel: any Kernel) async throws(KernelError) {
        let batch = changes.compactMap(KernelChange.init(keyless:))
        if let refusal = try await kernel.apply(batch).first { throw refusal.error }
    }
}
