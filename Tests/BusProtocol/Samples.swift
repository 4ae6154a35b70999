@testable internal import BusProtocol
internal import Fleet
internal import Ladder

/// One message of each kind with everything in it that it can have, to be spoiled field by field.
enum Samples {
    static let version = RosterVersion(sequence: 3, digest: digest(7))
    static let fresh = Order.Fresh(OfferSetVersion(generation: Generation(9), digest: digest(8)), isMade: true)
    static let rule = EdgeRule(
        base: Place(.enforce, .used), from: [2: Place(.accept)], toward: [3: nil],
        edges: [Edge(4, 5): Place(.closed, .only)])
    static let state = EdgeState(
        low: .send, high: .enforce, holds: [Generation(1), Generation(9)], sends: [Generation(1)], parts: [.none])
    static let standing = Standing(common: state, exceptions: [4: .on(.accept, offers: Generation(9))])

    static let move = CoordinatorMessage.order(order(.move(rule, fresh: fresh)))
    static let probe = CoordinatorMessage.order(order(.probe(Order.Probe(.standing, nonce: .max))))
    static let offers = CoordinatorMessage.offers(
        OfferShare(version: fresh.version, replayWindow: 1_024, offers: [1: offer(1), 2: offer(2)]))
    static let welcome = CoordinatorMessage.welcome(
        Welcome(number: 1, roster: roster, clock: Instant(milliseconds: 5), heartbeatMilliseconds: 1_000))
    static let clock = CoordinatorMessage.heartbeat(Instant(milliseconds: 5))

    static let hello = AgentMessage.hello(
        Hello(
            protocolVersion: protocolVersion, bootID: [UInt8](repeating: 1, count: 16), incarnation: 1,
            epoch: Epoch(2), newest: Generation(3), roster: version))
    static let report = AgentMessage.report(
        Report(
            answering: Stamp(generation: Generation(9), step: 2), sequence: 1,
            verdict: .refused([Refusal(cause: .path, peer: 4, message: "no echo")]), standing: standing,
            offer: offer(1), probeMicroseconds: 800))
    static let beat = AgentMessage.heartbeat(
        NodeHeartbeat(
            sequence: 2, accepted: Stamp(generation: Generation(9), step: 2), standing: standing, packets: 1 << 56,
            problems: ["a sentence"], spare: offer(2)))

    static let fromCoordinator = [move, probe, offers, welcome, clock]
    static let fromAgent = [hello, report, beat]

    static func order(_ task: Order.Task) -> Order {
        Order(
            epoch: Epoch(2), stamp: Stamp(generation: Generation(9), step: 2), rollout: 4, roster: version, task: task,
            expiry: Instant(milliseconds: 5))
    }

    private static let roster: Roster = {
        guard let a = NodeName("a"), let b = NodeName("b"), let one = Address("10.0.0.1"), let two = Address("10.0.0.2")
        else { preconditionFailure("names and addresses are well formed") }
        let key = [UInt8](repeating: 5, count: 32)
        return Roster(
            epoch: Epoch(2), fleetID: [UInt8](repeating: 6, count: 16), sequence: 3,
            nodes: [
                1: Node(number: 1, name: a, addresses: [one], identityKey: key),
                2: Node(number: 2, name: b, addresses: [two], identityKey: key),
            ], quarantined: [two], bypass: [.bus(one, port: 7740), .ssh])
    }()

    private static func offer(_ number: UInt16) -> Offer {
        guard let slot = Slot(number) else { preconditionFailure("a slot lies in 1…4095") }
        return Offer(
            id: [UInt8](repeating: 2, count: 16), ephemeralKey: [UInt8](repeating: 3, count: 32), slot: slot)
    }

    private static func digest(_ byte: UInt8) -> Digest {
        guard let digest = Digest([UInt8](repeating: byte, count: 32)) else {
            preconditionFailure("a digest has 32 bytes")
        }
        return digest
    }
}
