internal import Fleet
internal import Ladder
internal import MeshKeys

/// A made-up fleet, the same each time: dual-stack nodes with names as people give them.
struct MicroFleet {
    static let epoch = Epoch(7)
    /// That of the offers; large enough to take the bytes that it takes in a fleet that has seen some.
    static let generation = Generation(300)
    static let now = Instant(milliseconds: 86_400_000)

    let numbers: [NodeNumber]
    let roster: Roster
    let version: RosterVersion
    let offers: OfferSet
    let offersVersion: OfferSetVersion

    init(_ count: Int) throws {
        var bytes = SeededBytes(seed: UInt64(count))
        let fleetID = bytes.take(16)
        var nodes: [NodeNumber: Node] = [:]
        var offers: [NodeNumber: Offer] = [:]
        for index in 0..<count {
            let node = try Self.node(index, identityKey: bytes.take(32))
            nodes[node.number] = node
            offers[node.number] = try Self.offer(index, &bytes)
        }
        numbers = nodes.keys.sorted()
        roster = Roster(
            epoch: Self.epoch, fleetID: fleetID, sequence: 3, nodes: nodes,
            bypass: [.bus(try Self.address("10.77.250.254"), port: 7740), .ssh, .neighbourDiscovery])
        self.offers = OfferSet(generation: Self.generation, offers: offers)
        version = RosterVersion(of: roster)
        offersVersion = OfferSetVersion(of: self.offers)
    }

    /// The first node, which is the one that measures from its own side.
    func own() throws -> Node { try node(1) }

    /// All others, by number.
    func peers() throws -> [Node] { try numbers.dropFirst().map(node) }

    func node(_ number: NodeNumber) throws -> Node {
        guard let node = roster.nodes[number] else { throw MicroError("there is no node \(number)") }
        return node
    }

    func offer(of number: NodeNumber) throws -> Offer {
        guard let offer = offers.offers[number] else { throw MicroError("node \(number) has no offer") }
        return offer
    }

    func welcome() -> CoordinatorMessage {
        .welcome(Welcome(number: 1, roster: roster, clock: Self.now, heartbeatMilliseconds: 10_000))
    }

    func share() -> CoordinatorMessage { .offers(OfferShare(offers, offersVersion, of: nil)) }

    /// What turning on comes to: every edge to `accept` with fresh SAs.
    func order() -> Order {
        Order(
            epoch: Self.epoch, stamp: Stamp(generation: Self.generation, step: 2), rollout: 120, roster: version,
            task: .move(EdgeRule(base: Place(.accept, .only)), fresh: Order.Fresh(offersVersion, isMade: true)),
            expiry: Self.now.advanced(byMilliseconds: 10_000))
    }

    /// Where all edges of a node stand that has done as ``order()`` says.
    static func standing() -> Standing { Standing(common: .on(.accept, offers: generation)) }

    private static func node(_ index: Int, identityKey: [UInt8]) throws -> Node {
        let (high, low) = (index / 250, index % 250 + 1)
        guard let number = NodeNumber(UInt32(index + 1)), let name = NodeName("node\(index + 1)") else {
            throw MicroError("there is no node of index \(index)")
        }
        return Node(
            number: number, name: name,
            addresses: [try address("10.77.\(high).\(low)"), try address("fd77::\(high + 1):\(low)")],
            identityKey: identityKey)
    }

    private static func offer(_ index: Int, _ bytes: inout SeededBytes) throws -> Offer {
        guard let slot = Slot(UInt16(index % Int(Slot.maximum) + 1)) else { throw MicroError("no slot of \(index)") }
        return Offer(id: bytes.take(Offer.idByteCount), ephemeralKey: bytes.take(32), slot: slot)
    }

    private static func address(_ text: String) throws -> Address {
        guard let address = Address(text) else { throw MicroError("\(text) is no address") }
        return address
    }
}

/// Bytes that look random and are the same each time: in no way secret.
private struct SeededBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func take(_ count: Int) -> [UInt8] { (0..<count).map { _ in next() } }

    private mutating func next() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
