internal import Fleet
internal import Ladder

extension WireEdgeState {
    init(_ state: EdgeState) {
        self.init()
        low = WireRung(state.low)
        high = WireRung(state.high)
        if let generation = state.offers { offers = generation.rawValue }
    }

    func domain() throws(WireError) -> EdgeState {
        EdgeState(
            low: try WireFields.rung(low, "state.low"), high: try WireFields.rung(high, "state.high"),
            offers: hasOffers
                ? Generation(try WireFields.bounded(offers, WireLimits.agentNumberMaximum, "state.offers")) : nil)
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
