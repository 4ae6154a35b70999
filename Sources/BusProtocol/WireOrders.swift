internal import Fleet
internal import Ladder

extension WireEdgeRule {
    init(_ rule: EdgeRule) {
        self.init()
        base = WireRung(rule.base)
        nodes = rule.nodes.sorted { $0.key < $1.key }.map { number, rung in
            var wire = WireNodeRule()
            wire.node = number.rawValue
            wire.rung = WireRung(rung)
            return wire
        }
        edges = rule.edges.sorted { $0.key < $1.key }.map { edge, rung in
            var wire = WireSingleEdgeRule()
            wire.node = edge.node.rawValue
            wire.peer = edge.peer.rawValue
            wire.rung = WireRung(rung)
            return wire
        }
    }

    func domain() throws(WireError) -> EdgeRule {
        try WireFields.count(nodes.count, atMost: Roster.nodesMaximum, "rule.nodes")
        var rule = EdgeRule(base: try WireFields.rung(base, "rule.base"))
        for wire in nodes {
            let node = try WireFields.number(wire.node, "rule.nodes.node")
            guard rule.nodes.updateValue(try WireFields.rung(wire.rung, "rule.nodes.rung"), forKey: node) == nil else {
                throw .duplicate(field: "rule.nodes")
            }
        }
        for wire in edges {
            let edge = Edge(
                try WireFields.number(wire.node, "rule.edges.node"), try WireFields.number(wire.peer, "rule.edges.peer")
            )
            guard edge.node != edge.peer else { throw .invalid(field: "rule.edges") }
            guard rule.edges.updateValue(try WireFields.rung(wire.rung, "rule.edges.rung"), forKey: edge) == nil else {
                throw .duplicate(field: "rule.edges")
            }
        }
        return rule
    }
}

extension WireMove {
    init(_ rule: EdgeRule, _ version: OfferSetVersion?) {
        self.init()
        self.rule = WireEdgeRule(rule)
        guard let version else { return }
        offers.generation = version.generation.rawValue
        offers.digest = WireFields.wire(version.digest.bytes)
    }

    func domain() throws(WireError) -> Order.Task {
        guard hasRule else { throw .missing(field: "move.rule") }
        guard hasOffers else { return .move(try rule.domain(), offers: nil) }
        let generation = try WireFields.bounded(
            offers.generation, WireLimits.coordinatorNumberMaximum, "move.offers.generation")
        let digest = try WireFields.digest([UInt8](offers.digest), "move.offers.digest")
        return .move(
            try rule.domain(), offers: OfferSetVersion(generation: Generation(generation), digest: digest))
    }
}

extension WireOrder {
    init(_ order: Order) {
        self.init()
        epoch = order.epoch.rawValue
        stamp = WireStamp(order.stamp)
        rollout = order.rollout
        roster.sequence = order.roster.sequence
        roster.digest = WireFields.wire(order.roster.digest.bytes)
        expiryMicroseconds = order.expiry.microseconds
        task =
            switch order.task {
            case .preflight: .preflight(WireEmpty())
            case .observe: .observe(WireEmpty())
            case .offer: .offer(WireEmpty())
            case .move(let rule, let offers): .move(WireMove(rule, offers))
            }
    }

    func domain() throws(WireError) -> Order {
        guard hasStamp else { throw .missing(field: "order.stamp") }
        guard hasRoster else { throw .missing(field: "order.roster") }
        let digest = try WireFields.digest([UInt8](roster.digest), "order.roster.digest")
        let expiry = try WireFields.bounded(
            expiryMicroseconds, WireLimits.coordinatorNumberMaximum, "order.expiry")
        return Order(
            epoch: Epoch(epoch), stamp: try stamp.domain(atMost: WireLimits.coordinatorNumberMaximum, "order.stamp"),
            rollout: rollout, roster: RosterVersion(sequence: roster.sequence, digest: digest),
            task: try domainTask(), expiry: Instant(microseconds: expiry))
    }

    private func domainTask() throws(WireError) -> Order.Task {
        switch task {
        case .preflight: return .preflight
        case .observe: return .observe
        case .offer: return .offer
        case .move(let move): return try move.domain()
        case nil: throw .missing(field: "order.task")
        }
    }
}
