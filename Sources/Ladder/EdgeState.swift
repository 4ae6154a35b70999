public import Fleet

/// Where one edge stands, made from kernel read-back.
public struct EdgeState: Hashable, Sendable {
    /// The highest rung that every part of the edge (each address family) has reached.
    public var low: Rung
    /// The highest rung that any part has reached: above `low` only while a change is half made.
    public var high: Rung
    /// The generation whose offers the edge's SAs were made from, `nil` without SAs or where it is not known.
    public var offers: Generation?

    public init(low: Rung, high: Rung, offers: Generation?) {
        self.low = low
        self.high = high
        self.offers = offers
    }

    /// A whole edge on one rung.
    public static func on(_ rung: Rung, offers: Generation? = nil) -> EdgeState {
        EdgeState(low: rung, high: rung, offers: offers)
    }

    public static let clear = EdgeState.on(.clear)

    /// The rungs that the edge may be treated as standing on.
    public var rungs: RungSet { RungSet(low).union(RungSet(high)) }
}

extension EdgeState: CustomStringConvertible {
    public var description: String {
        let rung = low == high ? "\(low)" : "\(low)…\(high)"
        return offers.map { "\(rung)(\($0))" } ?? rung
    }
}

/// An ordered pair (node, peer); protection is a property of edges.
public struct Edge: Hashable, Comparable, Sendable {
    public var node: NodeNumber
    public var peer: NodeNumber

    public init(_ node: NodeNumber, _ peer: NodeNumber) {
        self.node = node
        self.peer = peer
    }

    public var opposite: Edge { Edge(peer, node) }

    public static func < (left: Edge, right: Edge) -> Bool { (left.node, left.peer) < (right.node, right.peer) }
}

extension Edge: CustomStringConvertible {
    public var description: String { "\(node)→\(peer)" }
}

/// A set of rungs: where an edge is known to stand, and where orders not yet answered may have put it.
public struct RungSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public init(_ rung: Rung) { rawValue = 1 << rung.rawValue }

    public var rungs: [Rung] { Rung.allCases.filter { contains(RungSet($0)) } }
    /// The only member, `nil` where there are none or several.
    public var only: Rung? {
        rawValue.nonzeroBitCount == 1 ? Rung(rawValue: UInt8(rawValue.trailingZeroBitCount)) : nil
    }
    public var lowest: Rung? { rawValue == 0 ? nil : Rung(rawValue: UInt8(rawValue.trailingZeroBitCount)) }
    public var highest: Rung? { rawValue == 0 ? nil : Rung(rawValue: UInt8(7 - rawValue.leadingZeroBitCount)) }
}
