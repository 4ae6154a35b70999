public import Fleet
internal import Ladder
public import XFRM

/// What a packet looks like when it leaves its sender.
public enum PacketForm: Hashable, Sendable {
    case clear
    /// ESP under this SPI; the number stands for the key.
    case encrypted(SPI, key: Int)
    /// The kernel demanded ESP and had no SA for it: the packet never left.
    case unsent
}

/// One host's XFRM state toward one peer in one address family, reduced to what decides over a packet.
///
/// It is kept from the changes alone and shares no code with the agent's read-back, so that the two judge each other.
public struct PairSide: Hashable, Sendable {
    /// What the out policy demands.
    public enum Demand: Hashable, Sendable {
        case nothing
        /// Any outbound SA of ours: a required template without an SPI.
        case anyAssociation
        case association(SPI)
    }

    /// An SA by what a packet must match.
    public struct Held: Hashable, Sendable {
        public var spi: SPI
        public var key: Int

        public init(_ spi: SPI, key: Int) {
            self.spi = spi
            self.key = key
        }
    }

    public var out = Demand.nothing
    public var requiresIn = false
    public var requiresForward = false
    /// The SPI that probes are sent with, `nil` where none is on trial.
    public var trial: SPI?
    /// Oldest first.
    public var inbound: [Held] = []
    public var outbound: [Held] = []

    public init() {}

    /// How the kernel sends a packet to the peer now (net/xfrm/xfrm_policy.c, xfrm_tmpl_resolve).
    public var form: PacketForm {
        switch out {
        case .nothing: return .clear
        case .anyAssociation: return outbound.first.map { .encrypted($0.spi, key: $0.key) } ?? .unsent
        case .association(let spi):
            return outbound.first { $0.spi == spi }.map { .encrypted($0.spi, key: $0.key) } ?? .unsent
        }
    }

    /// Whether the kernel hands a packet from the peer on now (net/xfrm/xfrm_input.c, __xfrm_policy_check).
    public func takes(_ form: PacketForm) -> Bool {
        switch form {
        case .clear: !requiresIn
        case .encrypted(let spi, let key): inbound.contains(Held(spi, key: key))
        case .unsent: false
        }
    }

    /// The highest rung that every part has reached, and the highest that any part has: ARCHITECTURE.md, "The ladder".
    public var rungs: (low: Rung, high: Rung) {
        let isWhole = !inbound.isEmpty && !outbound.isEmpty
        let below: Rung = isWhole ? .accept : .clear
        if isClosed { return requiresIn && requiresForward ? (.closed, .closed) : (below, .closed) }
        let demands = out != .nothing
        let low: Rung = demands ? requiresIn && requiresForward ? .enforce : .send : below
        let isBare = inbound.isEmpty && outbound.isEmpty
        let high: Rung = requiresIn || requiresForward ? .enforce : demands ? .send : isBare ? .clear : .accept
        return (low, high)
    }

    /// Whether nothing is sent on purpose.
    public var isClosed: Bool { out == .association(.nothing) }

    /// Whether one set of SAs stands and no other.
    public var hasOneSet: Bool { inbound.count == 1 && outbound.count == 1 }

    /// Whether a probe that is sent with the SA on trial, or with that which all is sent with, is taken by the other side.
    public func probeReaches(_ other: PairSide) -> Bool {
        let pinned: SPI? = if case .association(let spi) = out { spi } else { nil }
        guard let spi = trial ?? pinned, let held = outbound.first(where: { $0.spi == spi }) else { return false }
        return other.inbound.contains(held)
    }

    /// Whether nothing leaves in clear and nothing in clear is taken.
    public var isProtected: Bool { out != .nothing && requiresIn && requiresForward }

    /// An SA came or went. `key` is that of an SA that came.
    public mutating func note(_ spi: SPI, isInbound: Bool, key: Int?) {
        if isInbound {
            inbound.removeAll { $0.spi == spi }
            if let key { inbound.append(Held(spi, key: key)) }
        } else {
            outbound.removeAll { $0.spi == spi }
            if let key { outbound.append(Held(spi, key: key)) }
        }
    }

    /// A pair policy came (or another one took its place), or went.
    public mutating func note(_ direction: Direction, _ template: Template?) {
        let isRequired = template.map { !$0.isOptional } ?? false
        switch direction {
        case .out: out = isRequired ? template?.spi.map { .association($0) } ?? .anyAssociation : .nothing
        case .in: requiresIn = isRequired
        case .forward: requiresForward = isRequired
        }
    }
}
