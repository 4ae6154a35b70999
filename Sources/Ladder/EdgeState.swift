public import Fleet

/// Where one edge stands, made from kernel read-back.
public struct EdgeState: Hashable, Sendable {
    /// The highest rung that every part of the edge (each address family) has reached.
    public var low: Rung
    /// The highest rung that any part has reached: above `low` only while a change is half made.
    public var high: Rung
    /// The offer sets whose SAs stand in both directions and every family, ascending.
    public var holds: GenerationList
    /// The offer sets that the out policies send with, ascending: one, unless a change is half made. An SA whose set
    /// is not known counts as ``Generation/none``.
    public var sends: GenerationList
    /// The offer sets of which some SAs stand and others do not, ascending.
    public var parts: GenerationList

    public init(
        low: Rung, high: Rung, holds: GenerationList = [], sends: GenerationList = [], parts: GenerationList = []
    ) {
        self.low = low
        self.high = high
        self.holds = holds
        self.sends = sends
        self.parts = parts
    }

    /// A whole edge on one rung with the SAs of one offer set.
    public static func on(_ rung: Rung, offers: Generation? = nil) -> EdgeState {
        let sets = offers.map { GenerationList($0) } ?? []
        return EdgeState(low: rung, high: rung, holds: sets, sends: rung.sendsESP ? sets : [])
    }

    public static let clear = EdgeState.on(.clear)

    /// Whether it stands on one rung with exactly the SAs of one offer set, or with none where the rung has none.
    public var isWhole: Bool {
        guard low == high, parts.isEmpty else { return false }
        switch low {
        case .clear, .closed: return holds.isEmpty
        case .accept: return holds.count == 1
        case .send, .enforce: return holds.count == 1 && sends == holds
        }
    }

    /// Which keys it uses, seen from a fresh set; `old` where there is none.
    public func keys(_ fresh: Generation?) -> KeyUse {
        guard let fresh, holds.contains(fresh) else { return .old }
        let hasOthers = holds.count > 1 || parts.contains { $0 != fresh }
        if low.sendsESP {
            if sends != [fresh] { return .held }
            return hasOthers ? .used : .only
        }
        return hasOthers ? .held : .only
    }

    /// Whether one family is closed and another takes clear.
    var isHalfClosed: Bool { high == .closed && low.takesClear }

    /// Whether SAs stand in one family or direction and not in another, and nothing is sent with them.
    var isBrokenAccept: Bool { low == .clear && high == .accept && holds.isEmpty }

    /// Whether any SA of a set stands.
    func has(_ set: Generation) -> Bool { holds.contains(set) || parts.contains(set) }

    /// Whether there is anything to send with but a fresh set. Where there is not, an order to a place with old keys moves
    /// the rung and leaves the SAs alone: what is left of them still delivers in some address family.
    public func hasOthers(than fresh: Generation) -> Bool {
        holds.contains { $0 != fresh } || sends.contains { $0 != fresh } || parts.contains { $0 != fresh }
    }

    /// Whether the edge stands exactly there.
    public func isAt(_ place: Place, _ fresh: Generation?) -> Bool {
        // Nothing is sent with the SAs that are left: it is as low as it is to be.
        if place == Place(.accept) && (isBrokenAccept || self == .clear) { return true }
        guard low == place.rung, high == place.rung else { return false }
        guard let fresh else { return place.keys == .old }
        return keys(fresh) == place.keys
            && !(place.keys == .old && parts.contains(fresh) && hasOthers(than: fresh))
    }

    /// Where it stands after an order to a place was carried out.
    public func moved(to place: Place, _ fresh: Generation?) -> EdgeState {
        var holds = self.holds
        var parts = self.parts
        let isLeftAlone = place.keys == .old && fresh.map { !hasOthers(than: $0) } ?? true
        if let fresh, !isLeftAlone {
            holds.removeAll { $0 == fresh }
            parts.removeAll { $0 == fresh }
            switch place.keys {
            case .old: break
            case .held, .used: holds = GenerationList((holds + [fresh]).sorted())
            case .only: (holds, parts) = ([fresh], [])
            }
        }
        switch place.rung {
        case .clear: return .clear
        case .closed:
            return .on(.closed, offers: place.keys == .only ? fresh : nil)
        case .accept:
            if holds.isEmpty && parts.isEmpty { return .clear }
            return EdgeState(low: holds.isEmpty ? .clear : .accept, high: .accept, holds: holds, parts: parts)
        case .send, .enforce:
            var sends = self.sends
            if let fresh, !isLeftAlone {
                switch place.keys {
                case .used, .only: sends = [fresh]
                case .old, .held: sends.removeAll { $0 == fresh }
                }
            }
            if sends.isEmpty { sends = GenerationList(holds.last { $0 != fresh } ?? fresh ?? .none) }
            return EdgeState(low: place.rung, high: place.rung, holds: holds, sends: sends, parts: parts)
        }
    }

    /// Why an order may not take the edge to a place, `nil` where it may: an edge moves one rung at a time, and neither
    /// sends with SAs that do not stand nor loses those that it sends with.
    public func objection(to place: Place, _ fresh: Generation?) -> String? {
        if isAt(place, fresh) { return nil }
        if !isNear(place) { return "the edge stands at \(self), \(place.rung) is not the next rung" }
        if place.rung.sendsESP && low.sendsClear && holds.isEmpty {
            return "the edge stands at \(self) and has no SAs to send with"
        }
        guard let fresh, place.rung.sendsESP else { return nil }
        let isHeld = holds.contains(fresh)
        switch place.keys {
        case .old, .held:
            if place.keys == .old && place.rung <= high && !hasOthers(than: fresh) { return nil }
            let hasOther = holds.contains { $0 != fresh } || sends.contains { $0 != fresh }
            return hasOther ? nil : "the edge stands at \(self) and has no other keys to send with"
        case .used: return isHeld ? nil : "the edge stands at \(self) and does not hold set \(fresh)"
        case .only:
            let isSent = !low.sendsESP || sends == [fresh]
            return isHeld && isSent ? nil : "the edge stands at \(self) and does not send with set \(fresh)"
        }
    }

    private func isNear(_ place: Place) -> Bool {
        let rung = place.rung
        if rung == .closed || rung == low || rung == high { return true }
        if isHalfClosed && rung == .accept { return true }
        if high == .closed {
            let opens = place.keys == .only || (place.keys == .old && !holds.isEmpty)
            return rung == .clear || (rung == .enforce && opens)
        }
        return rung >= low && rung <= high || rung == high.above || rung == low.below
    }
}

extension EdgeState: CustomStringConvertible {
    public var description: String {
        let rung = low == high ? "\(low)" : "\(low)…\(high)"
        var text = holds.map(\.description).joined(separator: "+")
        if low.sendsESP, sends != holds { text += " sending \(sends.map(\.description).joined(separator: "+"))" }
        if !parts.isEmpty { text += " parts of \(parts.map(\.description).joined(separator: "+"))" }
        return text.isEmpty ? rung : "\(rung)(\(text))"
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
