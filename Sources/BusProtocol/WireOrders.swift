internal import Fleet
internal import Ladder

extension WirePlace {
    init(_ place: Place) {
        self.init()
        rung = WireRung(place.rung)
        keys =
            switch place.keys {
            case .old: .old
            case .held: .held
            case .used: .used
            case .only: .only
            }
    }

    func domain(_ field: String) throws(WireError) -> Place {
        let use: Fleet.KeyUse
        switch keys {
        case .old: use = .old
        case .held: use = .held
        case .used: use = .used
        case .only: use = .only
        case .UNRECOGNIZED: throw .invalid(field: field)
        }
        return Place(try WireFields.rung(rung, field), use)
    }
}

extension WireEdgeRule {
    init(_ rule: EdgeRule) {
        self.init()
        if let place = rule.base { base = WirePlace(place) }
        from = Self.wire(rule.from)
        toward = Self.wire(rule.toward)
        edges = rule.edges.sorted { $0.key < $1.key }.map { edge, place in
            var wire = WireSingleEdgeRule()
            wire.node = edge.node.rawValue
            wire.peer = edge.peer.rawValue
            if let place { wire.place = WirePlace(place) }
            return wire
        }
    }

    private static func wire(_ places: [NodeNumber: Place?]) -> [WireNodeRule] {
        places.sorted { $0.key < $1.key }.map { number, place in
            var wire = WireNodeRule()
            wire.node = number.rawValue
            if let place { wire.place = WirePlace(place) }
            return wire
        }
    }

    func domain() throws(WireError) -> EdgeRule {
        var rule = EdgeRule(base: hasBase ? try base.domain("rule.base") : nil)
        rule.from = try Self.places(from, "rule.from")
        rule.toward = try Self.places(toward, "rule.toward")
        for wire in edges {
            let edge = Edge(
                try WireFields.number(wire.node, "rule.edges.node"), try WireFields.number(wire.peer, "rule.edges.peer")
            )
            guard edge.node != edge.peer else { throw .invalid(field: "rule.edges") }
            let place = wire.hasPlace ? try wire.place.domain("rule.edges.place") : nil
            guard rule.edges.updateValue(place, forKey: edge) == nil else { throw .duplicate(field: "rule.edges") }
        }
        return rule
    }

    private static func places(
        _ list: [WireNodeRule], _ field: String
    ) throws(WireError) -> [NodeNumber: Place?] {
        try WireFields.count(list.count, atMost: Roster.nodesMaximum, field)
        var places: [NodeNumber: Place?] = [:]
        for wire in list {
            let node = try WireFields.number(wire.node, field)
            let place = wire.hasPlace ? try wire.place.domain(field) : nil
            guard places.updateValue(place, forKey: node) == nil else { throw .duplicate(field: field) }
        }
        return places
    }
}

extension WireMove {
    init(_ rule: EdgeRule, _ fresh: Order.Fresh?) {
        self.init()
        self.rule = WireEdgeRule(rule)
        guard let fresh else { return }
        self.fresh.version = WireOfferSetVersion(fresh.version)
        self.fresh.isMade = fresh.isMade
    }

    func domain() throws(WireError) -> Order.Task {
        guard hasRule else { throw .missing(field: "move.rule") }
        guard hasFresh else { return .move(try rule.domain(), fresh: nil) }
        guard fresh.hasVersion else { throw .missing(field: "move.fresh.version") }
        let version = try fresh.version.domain("move.fresh")
        return .move(try rule.domain(), fresh: Order.Fresh(version, isMade: fresh.isMade))
    }
}

extension WireProbe {
    init(_ probe: Order.Probe) {
        self.init()
        scope =
            switch probe.scope {
            case .trial: .trial
            case .standing: .standing
            }
        nonce = probe.nonce
    }

    func domain() throws(WireError) -> Order.Probe {
        switch scope {
        case .trial: return Order.Probe(.trial, nonce: nonce)
        case .standing: return Order.Probe(.standing, nonce: nonce)
        case .unspecified, .UNRECOGNIZED: throw .invalid(field: "probe.scope")
        }
    }
}

extension WireOrder {
    init(_ order: Order) {
        self.init()
        epoch = order.epoch.rawValue
        stamp = WireStamp(order.stamp)
        rollout = order.rollout
        roster = WireRosterVersion(order.roster)
        expiryMicroseconds = order.expiry.microseconds
        task =
            switch order.task {
            case .preflight: .preflight(WireEmpty())
            case .observe: .observe(WireEmpty())
            case .offer: .offer(WireEmpty())
            case .move(let rule, let fresh): .move(WireMove(rule, fresh))
            case .probe(let probe): .probe(WireProbe(probe))
            }
    }

    func domain() throws(WireError) -> Order {
        guard hasStamp else { throw .missing(field: "order.stamp") }
        guard hasRoster else { throw .missing(field: "order.roster") }
        let expiry = try WireFields.bounded(
            expiryMicroseconds, WireLimits.coordinatorNumberMaximum, "order.expiry")
        return Order(
            epoch: Epoch(epoch), stamp: try stamp.domain(atMost: WireLimits.coordinatorNumberMaximum, "order.stamp"),
            rollout: rollout, roster: try roster.domain("order.roster"),
            task: try domainTask(), expiry: Instant(microseconds: expiry))
    }

    private func domainTask() throws(WireError) -> Order.Task {
        switch task {
        case .preflight: return .preflight
        case .observe: return .observe
        case .offer: return .offer
        case .move(let move): return try move.domain()
        case .probe(let probe): return .probe(try probe.domain())
        case nil: throw .missing(field: "order.task")
        }
    }
}
