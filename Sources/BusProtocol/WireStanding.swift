internal import Fleet
internal import Ladder

extension WireEdgeState {
    init(_ state: EdgeState) {
        self.init()
        low = WireRung(state.low)
        high = WireRung(state.high)
        holds = state.holds.map(\.rawValue)
        sends = state.sends.map(\.rawValue)
        parts = state.parts.map(\.rawValue)
    }

    func domain() throws(WireError) -> EdgeState {
        EdgeState(
            low: try WireFields.rung(low, "state.low"), high: try WireFields.rung(high, "state.high"),
            holds: try Self.sets(holds, "state.holds"), sends: try Self.sets(sends, "state.sends"),
            parts: try Self.sets(parts, "state.parts"))
    }

    private static func sets(_ values: [UInt64], _ field: String) throws(WireError) -> GenerationList {
        try WireFields.count(values.count, atMost: WireLimits.setsMaximum, field)
        var sets = GenerationList()
        for value in values {
            let set = Generation(try WireFields.bounded(value, WireLimits.agentNumberMaximum, field))
            guard sets.last.map({ $0 < set }) ?? true else { throw .invalid(field: field) }
            sets.append(set)
        }
        return sets
    }
}

extension WireStanding {
    init(_ standing: Standing) {
        self.init()
        common = WireEdgeState(standing.common)
        exceptions = standing.exceptions.sorted { $0.key < $1.key }.map { peer, state in
            var exception = WireEdgeException()
            exception.peer = peer.rawValue
            exception.state = WireEdgeState(state)
            return exception
        }
    }

    func domain() throws(WireError) -> Standing {
        guard hasCommon else { throw .missing(field: "standing.common") }
        try WireFields.count(exceptions.count, atMost: Roster.nodesMaximum, "standing.exceptions")
        var standing = Standing(common: try common.domain())
        for exception in exceptions {
            let peer = try WireFields.number(exception.peer, "standing.exceptions.peer")
            guard exception.hasState else { throw .missing(field: "standing.exceptions.state") }
            guard standing.exceptions.updateValue(try exception.state.domain(), forKey: peer) == nil else {
                throw .duplicate(field: "standing.exceptions")
            }
        }
        return standing
    }
}
