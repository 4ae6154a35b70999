@testable internal import BusProtocol
internal import Fleet
internal import Ladder
internal import SwiftProtobuf
internal import Testing

/// One field of a whole message spoiled, and the refusal that names it.
struct Spoiled<Message: Sendable>: Sendable, CustomTestStringConvertible {
    let message: Message
    let refusal: WireError
    let spoil: @Sendable (inout WireEnvelope) -> Void

    init(_ message: Message, _ refusal: WireError, _ spoil: @escaping @Sendable (inout WireEnvelope) -> Void) {
        self.message = message
        self.refusal = refusal
        self.spoil = spoil
    }

    var testDescription: String { "\(refusal)" }

    func frame(_ bytes: [UInt8]) throws -> [UInt8] {
        var envelope = try WireEnvelope(serializedBytes: bytes)
        spoil(&envelope)
        return try envelope.serializedBytes()
    }
}

@Suite("Frames that only an attacker sends")
struct HostileFrameTests {
    @Test("The messages that are spoiled here are read while they are whole")
    func whole() throws {
        for message in Samples.fromCoordinator {
            #expect(try WireCodec.coordinatorMessage(WireCodec.encode(message)) == message)
        }
        for message in Samples.fromAgent { #expect(try WireCodec.agentMessage(WireCodec.encode(message)) == message) }
    }

    @Test("What an agent spoils is refused by the field's name", arguments: agents)
    func fromAgent(one: Spoiled<AgentMessage>) throws {
        let frame = try one.frame(WireCodec.encode(one.message))
        #expect(throws: one.refusal) { try WireCodec.agentMessage(frame) }
    }

    @Test("What a coordinator spoils is refused by the field's name", arguments: orders + rosters)
    func fromCoordinator(one: Spoiled<CoordinatorMessage>) throws {
        let frame = try one.frame(WireCodec.encode(one.message))
        #expect(throws: one.refusal) { try WireCodec.coordinatorMessage(frame) }
    }

    @Test("An empty envelope says so, in both directions")
    func empty() throws {
        var envelope = WireEnvelope()
        envelope.protocolVersion = protocolVersion
        let frame: [UInt8] = try envelope.serializedBytes()
        #expect(throws: WireError.missing(field: "payload")) { try WireCodec.agentMessage(frame) }
        #expect(throws: WireError.missing(field: "payload")) { try WireCodec.coordinatorMessage(frame) }
    }

    // MARK: From agents

    private static let agents: [Spoiled<AgentMessage>] = [
        Spoiled(Samples.hello, .invalid(field: "hello.newest")) { $0.hello.newest = WireLimits.agentNumberMaximum + 1 },
        Spoiled(Samples.hello, .invalid(field: "hello.roster.digest")) { $0.hello.roster.digest.removeLast() },
        Spoiled(Samples.hello, .invalid(field: "hello.boot_id")) { $0.hello.bootID.removeLast() },
        Spoiled(Samples.report, .missing(field: "report.answering")) { $0.report.clearAnswering() },
        Spoiled(Samples.report, .invalid(field: "report.answering")) { $0.report.answering.generation = .max },
        Spoiled(Samples.report, .missing(field: "report.verdict")) { $0.report.verdict = nil },
        Spoiled(Samples.report, .invalid(field: "report.missing")) { $0.report.missing = .UNRECOGNIZED(9) },
        Spoiled(Samples.report, .invalid(field: "report.missing")) { $0.report.missing = .unspecified },
        Spoiled(Samples.report, .invalid(field: "report.stale")) { $0.report.stale.generation = .max },
        Spoiled(Samples.report, .invalid(field: "report.probe")) { $0.report.probeMicroseconds = .max },
        Spoiled(Samples.report, .invalid(field: "report.probe")) {
            $0.report.probeMicroseconds = WireLimits.probeMicrosecondsMaximum + 1
        },
        Spoiled(Samples.beat, .invalid(field: "heartbeat.packets")) { $0.nodeHeartbeat.packets = .max },
        Spoiled(Samples.report, .invalid(field: "refusal.cause")) {
            $0.report.refused.refusals[0].cause = .unspecified
        },
        Spoiled(Samples.report, .invalid(field: "refusal.cause")) {
            $0.report.refused.refusals[0].cause = .UNRECOGNIZED(9)
        },
        Spoiled(Samples.report, .invalid(field: "refusal.peer")) { $0.report.refused.refusals[0].peer = 0 },
        Spoiled(Samples.report, .invalid(field: "refusal.message")) {
            $0.report.refused.refusals[0].message = String(repeating: "a", count: 513)
        },
        Spoiled(Samples.report, .tooMany(field: "report.refusals", count: 17, maximum: 16)) {
            $0.report.refused.refusals = Array(repeating: $0.report.refused.refusals[0], count: 17)
        },
        Spoiled(Samples.report, .missing(field: "standing.common")) { $0.report.standing.clearCommon() },
        Spoiled(Samples.report, .invalid(field: "state.low")) { $0.report.standing.common.low = .UNRECOGNIZED(77) },
        Spoiled(Samples.report, .invalid(field: "state.high")) { $0.report.standing.common.high = .unspecified },
        Spoiled(Samples.report, .invalid(field: "state.holds")) { $0.report.standing.common.holds.reverse() },
        Spoiled(Samples.report, .invalid(field: "state.holds")) { $0.report.standing.common.holds = [.max] },
        Spoiled(Samples.report, .invalid(field: "state.sends")) { $0.report.standing.common.sends = [1, 1] },
        Spoiled(Samples.report, .invalid(field: "state.parts")) { $0.report.standing.common.parts = [2, 0] },
        Spoiled(Samples.report, .tooMany(field: "state.holds", count: 17, maximum: 16)) {
            $0.report.standing.common.holds = Array(0..<17)
        },
        Spoiled(Samples.report, .tooMany(field: "state.parts", count: 17, maximum: 16)) {
            $0.report.standing.exceptions[0].state.parts = Array(0..<17)
        },
        Spoiled(Samples.report, .missing(field: "standing.exceptions.state")) {
            $0.report.standing.exceptions[0].clearState()
        },
        Spoiled(Samples.report, .invalid(field: "standing.exceptions.peer")) {
            $0.report.standing.exceptions[0].peer = 0
        },
        Spoiled(Samples.report, .duplicate(field: "standing.exceptions")) {
            $0.report.standing.exceptions += $0.report.standing.exceptions
        },
        Spoiled(Samples.report, .invalid(field: "offer.id")) { $0.report.offer.id.removeLast() },
        Spoiled(Samples.report, .invalid(field: "offer.ephemeral_key")) { $0.report.offer.ephemeralKey.append(0) },
        Spoiled(Samples.report, .invalid(field: "offer.slot")) { $0.report.offer.slot = 0 },
        Spoiled(Samples.report, .invalid(field: "offer.slot")) { $0.report.offer.slot = 4_096 },
        Spoiled(Samples.beat, .missing(field: "heartbeat.accepted")) { $0.nodeHeartbeat.clearAccepted() },
        Spoiled(Samples.beat, .invalid(field: "heartbeat.accepted")) { $0.nodeHeartbeat.accepted.generation = .max },
        Spoiled(Samples.beat, .tooMany(field: "heartbeat.problems", count: 17, maximum: 16)) {
            $0.nodeHeartbeat.problems = Array(repeating: "a", count: 17)
        },
        Spoiled(Samples.beat, .invalid(field: "heartbeat.problems")) {
            $0.nodeHeartbeat.problems = [String(repeating: "a", count: 513)]
        },
    ]

    // MARK: From the coordinator

    private static let orders: [Spoiled<CoordinatorMessage>] = [
        Spoiled(Samples.move, .missing(field: "order.stamp")) { $0.order.clearStamp() },
        Spoiled(Samples.move, .invalid(field: "order.stamp")) { $0.order.stamp.generation = .max },
        Spoiled(Samples.move, .missing(field: "order.roster")) { $0.order.clearRoster() },
        Spoiled(Samples.move, .invalid(field: "order.roster.digest")) { $0.order.roster.digest.removeLast() },
        Spoiled(Samples.move, .invalid(field: "order.expiry")) { $0.order.expiryMicroseconds = .max },
        Spoiled(Samples.move, .missing(field: "order.task")) { $0.order.task = nil },
        Spoiled(Samples.move, .missing(field: "move.rule")) { $0.order.move.clearRule() },
        Spoiled(Samples.move, .missing(field: "move.fresh.version")) { $0.order.move.fresh.clearVersion() },
        Spoiled(Samples.move, .invalid(field: "move.fresh.generation")) {
            $0.order.move.fresh.version.generation = .max
        },
        Spoiled(Samples.move, .invalid(field: "move.fresh.digest")) {
            $0.order.move.fresh.version.digest.append(0)
        },
        Spoiled(Samples.move, .invalid(field: "rule.base")) { $0.order.move.rule.base.rung = .unspecified },
        Spoiled(Samples.move, .invalid(field: "rule.base")) { $0.order.move.rule.base.keys = .UNRECOGNIZED(4) },
        Spoiled(Samples.move, .invalid(field: "rule.from")) { $0.order.move.rule.from[0].node = 0 },
        Spoiled(Samples.move, .invalid(field: "rule.from")) { $0.order.move.rule.from[0].place.rung = .unspecified },
        Spoiled(Samples.move, .duplicate(field: "rule.from")) { $0.order.move.rule.from += $0.order.move.rule.from },
        Spoiled(Samples.move, .invalid(field: "rule.toward")) { $0.order.move.rule.toward[0].node = 262_144 },
        Spoiled(Samples.move, .invalid(field: "rule.toward")) {
            $0.order.move.rule.toward[0].place.keys = .UNRECOGNIZED(-1)
        },
        Spoiled(Samples.move, .duplicate(field: "rule.toward")) {
            $0.order.move.rule.toward += $0.order.move.rule.toward
        },
        Spoiled(Samples.move, .tooMany(field: "rule.toward", count: 262_144, maximum: 262_143)) {
            $0.order.move.rule.toward = Array(repeating: WireNodeRule(), count: 262_144)
        },
        Spoiled(Samples.move, .invalid(field: "rule.edges.node")) { $0.order.move.rule.edges[0].node = 0 },
        Spoiled(Samples.move, .invalid(field: "rule.edges.peer")) { $0.order.move.rule.edges[0].peer = 0 },
        Spoiled(Samples.move, .invalid(field: "rule.edges")) { $0.order.move.rule.edges[0].peer = 4 },
        Spoiled(Samples.move, .invalid(field: "rule.edges.place")) {
            $0.order.move.rule.edges[0].place.rung = .UNRECOGNIZED(6)
        },
        Spoiled(Samples.move, .duplicate(field: "rule.edges")) { $0.order.move.rule.edges += $0.order.move.rule.edges },
        Spoiled(Samples.probe, .invalid(field: "probe.scope")) { $0.order.probe.scope = .unspecified },
        Spoiled(Samples.probe, .invalid(field: "probe.scope")) { $0.order.probe.scope = .UNRECOGNIZED(3) },
    ]

    private static let rosters: [Spoiled<CoordinatorMessage>] = [
        Spoiled(Samples.offers, .invalid(field: "offer_share.generation")) { $0.offerShare.version.generation = .max },
        Spoiled(Samples.offers, .missing(field: "offer_share.version")) { $0.offerShare.clearVersion() },
        Spoiled(Samples.offers, .invalid(field: "offer_share.digest")) {
            $0.offerShare.version.digest.removeLast()
        },
        Spoiled(Samples.offers, .invalid(field: "offer_share.replay_window")) { $0.offerShare.replayWindow = 4_097 },
        Spoiled(Samples.offers, .invalid(field: "offer_share.offers.node")) { $0.offerShare.offers[0].node = 0 },
        Spoiled(Samples.offers, .missing(field: "offer_share.offers.offer")) { $0.offerShare.offers[1].clearOffer() },
        Spoiled(Samples.offers, .duplicate(field: "offer_share.offers")) { $0.offerShare.offers[1].node = 1 },
        Spoiled(Samples.welcome, .invalid(field: "welcome.number")) { $0.welcome.number = 262_144 },
        Spoiled(Samples.welcome, .invalid(field: "welcome.clock")) { $0.welcome.clockMicroseconds = .max },
        Spoiled(Samples.welcome, .invalid(field: "welcome.heartbeat_milliseconds")) {
            $0.welcome.heartbeatMilliseconds = 0
        },
        Spoiled(Samples.welcome, .invalid(field: "welcome.heartbeat_milliseconds")) {
            $0.welcome.heartbeatMilliseconds = 3_600_001
        },
        Spoiled(Samples.welcome, .invalid(field: "roster.fleet_id")) { $0.welcome.roster.fleetID.removeLast() },
        Spoiled(Samples.welcome, .invalid(field: "roster.probe_port")) { $0.welcome.roster.probePort = 0 },
        Spoiled(Samples.welcome, .invalid(field: "roster.probe_port")) { $0.welcome.roster.probePort = 65_536 },
        Spoiled(Samples.welcome, .invalid(field: "roster.quarantined")) { $0.welcome.roster.quarantined[0].append(1) },
        Spoiled(Samples.welcome, .tooMany(field: "roster.quarantined", count: 4_097, maximum: 4_096)) {
            $0.welcome.roster.quarantined = Array(repeating: $0.welcome.roster.quarantined[0], count: 4_097)
        },
        Spoiled(Samples.welcome, .duplicate(field: "roster.nodes")) { $0.welcome.roster.nodes[1].number = 1 },
        Spoiled(Samples.welcome, .invalid(field: "node.number")) { $0.welcome.roster.nodes[0].number = 0 },
        Spoiled(Samples.welcome, .invalid(field: "node.name")) { $0.welcome.roster.nodes[0].name = "A" },
        Spoiled(Samples.welcome, .missing(field: "node.addresses")) { $0.welcome.roster.nodes[0].addresses = [] },
        Spoiled(Samples.welcome, .invalid(field: "node.addresses")) {
            $0.welcome.roster.nodes[0].addresses[0].removeLast()
        },
        Spoiled(Samples.welcome, .tooMany(field: "node.addresses", count: 5, maximum: 4)) {
            let address = $0.welcome.roster.nodes[0].addresses[0]
            $0.welcome.roster.nodes[0].addresses = Array(repeating: address, count: 5)
        },
        Spoiled(Samples.welcome, .invalid(field: "node.identity_key")) {
            $0.welcome.roster.nodes[0].identityKey.removeLast()
        },
        Spoiled(Samples.welcome, .missing(field: "bypass.kind")) { $0.welcome.roster.bypass[0].kind = nil },
        Spoiled(Samples.welcome, .invalid(field: "bypass.port")) { $0.welcome.roster.bypass[0].bus.port = 0 },
        Spoiled(Samples.welcome, .invalid(field: "bypass.port")) { $0.welcome.roster.bypass[0].bus.port = 65_536 },
        Spoiled(Samples.welcome, .invalid(field: "bypass.address")) {
            $0.welcome.roster.bypass[0].bus.address.append(1)
        },
        Spoiled(Samples.welcome, .tooMany(field: "roster.bypass", count: 65, maximum: 64)) {
            $0.welcome.roster.bypass = Array(repeating: $0.welcome.roster.bypass[1], count: 65)
        },
        Spoiled(Samples.clock, .invalid(field: "heartbeat.clock")) { $0.heartbeat.clockMicroseconds = .max },
    ]
}
