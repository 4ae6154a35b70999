internal import Fleet
internal import Ladder

extension WireNode {
    init(_ node: Node) {
        self.init()
        number = node.number.rawValue
        name = node.name.text
        addresses = node.addresses.map { WireFields.wire($0.bytes) }
        identityKey = WireFields.wire(node.identityKey)
    }

    func domain() throws(WireError) -> Node {
        guard let name = NodeName(name) else { throw .invalid(field: "node.name") }
        guard !addresses.isEmpty else { throw .missing(field: "node.addresses") }
        try WireFields.count(addresses.count, atMost: Node.addressesMaximum, "node.addresses")
        var list: [Address] = []
        for address in addresses { list.append(try WireFields.address([UInt8](address), "node.addresses")) }
        return Node(
            number: try WireFields.number(number, "node.number"), name: name, addresses: list,
            identityKey: try WireFields.bytes([UInt8](identityKey), count: 32, "node.identity_key"))
    }
}

extension WireBypass {
    init(_ bypass: Bypass) {
        self.init()
        switch bypass {
        case .bus(let address, let port):
            var value = Bus()
            value.address = WireFields.wire(address.bytes)
            value.port = UInt32(port)
            bus = value
        case .ssh: ssh = WireEmpty()
        case .neighbourDiscovery: neighbourDiscovery = WireEmpty()
        }
    }

    func domain() throws(WireError) -> Bypass {
        switch kind {
        case .bus(let bus):
            guard let port = UInt16(exactly: bus.port), port != 0 else { throw .invalid(field: "bypass.port") }
            return .bus(try WireFields.address([UInt8](bus.address), "bypass.address"), port: port)
        case .ssh: return .ssh
        case .neighbourDiscovery: return .neighbourDiscovery
        case nil: throw .missing(field: "bypass.kind")
        }
    }
}

extension WireRoster {
    init(_ roster: Roster) {
        self.init()
        epoch = roster.epoch.rawValue
        fleetID = WireFields.wire(roster.fleetID)
        sequence = roster.sequence
        nodes = roster.nodes.sorted { $0.key < $1.key }.map { WireNode($0.value) }
        bypass = roster.bypass.map { WireBypass($0) }
        quarantined = roster.quarantined.map { WireFields.wire($0.bytes) }
        probePort = UInt32(roster.probePort)
    }

    func domain() throws(WireError) -> Roster {
        try WireFields.count(nodes.count, atMost: Roster.nodesMaximum, "roster.nodes")
        try WireFields.count(bypass.count, atMost: WireLimits.bypassesMaximum, "roster.bypass")
        var list: [NodeNumber: Node] = [:]
        for wire in nodes {
            let node = try wire.domain()
            guard list.updateValue(node, forKey: node.number) == nil else { throw .duplicate(field: "roster.nodes") }
        }
        var bypasses: [Bypass] = []
        for wire in bypass { bypasses.append(try wire.domain()) }
        try WireFields.count(quarantined.count, atMost: WireLimits.quarantinedMaximum, "roster.quarantined")
        var addresses: [Address] = []
        for wire in quarantined { addresses.append(try WireFields.address([UInt8](wire), "roster.quarantined")) }
        guard let port = UInt16(exactly: probePort), port != 0 else { throw .invalid(field: "roster.probe_port") }
        return Roster(
            epoch: Epoch(epoch), fleetID: try WireFields.bytes([UInt8](fleetID), count: 16, "roster.fleet_id"),
            sequence: sequence, nodes: list, quarantined: addresses, bypass: bypasses, probePort: port)
    }
}

extension WireWelcome {
    init(_ welcome: Welcome) {
        self.init()
        number = welcome.number.rawValue
        if let value = welcome.roster { roster = WireRoster(value) }
        clockMicroseconds = welcome.clock.microseconds
        heartbeatMilliseconds = welcome.heartbeatMilliseconds
    }

    func domain() throws(WireError) -> Welcome {
        guard (1...WireLimits.heartbeatMaximum).contains(heartbeatMilliseconds) else {
            throw .invalid(field: "welcome.heartbeat_milliseconds")
        }
        let clock = try WireFields.bounded(clockMicroseconds, WireLimits.coordinatorNumberMaximum, "welcome.clock")
        return Welcome(
            number: try WireFields.number(number, "welcome.number"), roster: hasRoster ? try roster.domain() : nil,
            clock: Instant(microseconds: clock), heartbeatMilliseconds: heartbeatMilliseconds)
    }
}

extension WireRosterVersion {
    init(_ version: RosterVersion) {
        self.init()
        sequence = version.sequence
        digest = WireFields.wire(version.digest.bytes)
    }

    func domain(_ field: String) throws(WireError) -> RosterVersion {
        RosterVersion(sequence: sequence, digest: try WireFields.digest([UInt8](digest), "\(field).digest"))
    }
}

extension WireOfferShare {
    init(_ share: OfferShare) {
        self.init()
        version = WireOfferSetVersion(share.version)
        replayWindow = share.replayWindow
        offers = share.offers.sorted { $0.key < $1.key }.map { node, offer in
            var numbered = WireNumberedOffer()
            numbered.node = node.rawValue
            numbered.offer = WireOffer(offer)
            return numbered
        }
    }

    func domain() throws(WireError) -> OfferShare {
        try WireFields.count(offers.count, atMost: Roster.nodesMaximum, "offer_share.offers")
        guard hasVersion else { throw .missing(field: "offer_share.version") }
        guard replayWindow <= WireLimits.replayWindowMaximum else { throw .invalid(field: "offer_share.replay_window") }
        var share = OfferShare(
            version: try version.domain("offer_share"), replayWindow: replayWindow, offers: [:])
        for numbered in offers {
            let node = try WireFields.number(numbered.node, "offer_share.offers.node")
            guard numbered.hasOffer else { throw .missing(field: "offer_share.offers.offer") }
            guard share.offers.updateValue(try numbered.offer.domain(), forKey: node) == nil else {
                throw .duplicate(field: "offer_share.offers")
            }
        }
        return share
    }
}

extension WireOfferSetVersion {
    init(_ version: OfferSetVersion) {
        self.init()
        generation = version.generation.rawValue
        digest = WireFields.wire(version.digest.bytes)
    }

    func domain(_ field: String) throws(WireError) -> OfferSetVersion {
        let generation = try WireFields.bounded(
            generation, WireLimits.coordinatorNumberMaximum, "\(field).generation")
        return OfferSetVersion(
            generation: Generation(generation), digest: try WireFields.digest([UInt8](digest), "\(field).digest"))
    }
}
