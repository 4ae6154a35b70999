@testable internal import BusProtocol
internal import Fleet
internal import Ladder
internal import SwiftProtobuf
internal import Testing

@Suite("Messages on the wire")
struct WireCodecTests {
    @Test("Every message is read as it was written, and equal messages become equal bytes")
    func roundTrip() throws {
        for seed in 0..<1_000 as Range<UInt64> {
            var random = RandomMessages(seed: seed)
            let down = random.coordinatorMessage()
            let up = random.agentMessage()

            #expect(try WireCodec.coordinatorMessage(WireCodec.encode(down)) == down, "seed \(seed)")
            #expect(try WireCodec.agentMessage(WireCodec.encode(up)) == up, "seed \(seed)")
            #expect(try WireCodec.encode(down) == WireCodec.encode(down), "seed \(seed)")
        }
    }

    @Test("Cut and damaged frames are refused or read as some message, and never crash")
    func damaged() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = RandomMessages(seed: seed)
            let frames = try [WireCodec.encode(random.coordinatorMessage()), WireCodec.encode(random.agentMessage())]
            for frame in frames {
                for _ in 0..<40 {
                    var damaged = frame
                    if Bool.random(using: &random.generator) {
                        damaged = Array(frame.prefix(.random(in: 0...frame.count, using: &random.generator)))
                    }
                    for _ in 0..<Int.random(in: 0...4, using: &random.generator) where !damaged.isEmpty {
                        let place = Int.random(in: 0..<damaged.count, using: &random.generator)
                        damaged[place] = .random(in: 0 ... .max, using: &random.generator)
                    }
                    readBoth(damaged)
                }
            }
        }
    }

    @Test("Random bytes are never a message and never crash")
    func noise() {
        var generator = Seeded(1)
        for _ in 0..<5_000 {
            readBoth(
                (0..<Int.random(in: 0...80, using: &generator)).map { _ in .random(in: 0 ... .max, using: &generator) })
        }
        #expect(throws: WireError.malformed) { try WireCodec.agentMessage([]) }
        #expect(throws: WireError.malformed) { try WireCodec.agentMessage([0xff]) }
    }

    /// A frame may by chance be a message: then it must survive another round.
    private func readBoth(_ frame: [UInt8]) {
        if let message = try? WireCodec.coordinatorMessage(frame) {
            #expect((try? WireCodec.coordinatorMessage(WireCodec.encode(message))) == message)
        }
        if let message = try? WireCodec.agentMessage(frame) {
            #expect((try? WireCodec.agentMessage(WireCodec.encode(message))) == message)
        }
    }

    @Test("A hello of another protocol version is read as far as its version", arguments: [0, 2, UInt32.max])
    func otherVersion(version: UInt32) throws {
        let hello = Hello(
            protocolVersion: version, bootID: [UInt8](repeating: 0, count: 16), incarnation: 1, epoch: nil,
            newest: .none)
        let frame = try WireCodec.encode(.hello(hello))

        #expect(throws: WireError.unsupported(version: version)) { try WireCodec.agentMessage(frame) }
        // Another version may give field 2 another type, and add fields.
        let strange: [UInt8] = [0x10, 7, 0xfa, 0x3e, 1, 9] + Array(frame.prefix(while: { $0 != 0x12 }))
        #expect(throws: WireError.unsupported(version: version)) { try WireCodec.agentMessage(strange) }
        #expect(throws: WireError.unsupported(version: version)) { try WireCodec.coordinatorMessage(strange) }
    }

    @Test("A message that travels the other way is refused")
    func wrongDirection() throws {
        var random = RandomMessages(seed: 4)
        let down = try WireCodec.encode(random.coordinatorMessage())
        let up = try WireCodec.encode(random.agentMessage())

        #expect(throws: WireError.wrongDirection) { try WireCodec.agentMessage(down) }
        #expect(throws: WireError.wrongDirection) { try WireCodec.coordinatorMessage(up) }
    }

    @Test("A frame over its maximum is neither read nor written")
    func frameMaximum() throws {
        let frame = [UInt8](repeating: 0, count: WireLimits.agentFrameMaximum + 1)
        var exceptions: [NodeNumber: EdgeState] = [:]
        for number in 1...80_000 as ClosedRange<UInt32> {
            exceptions[try #require(NodeNumber(number))] = .on(.accept, offers: Generation(1 << 60))
        }
        let report = Report(
            answering: .none, sequence: 1, verdict: .done, standing: Standing(common: .clear, exceptions: exceptions))

        #expect(throws: WireError.tooLarge(bytes: frame.count, maximum: WireLimits.agentFrameMaximum)) {
            try WireCodec.agentMessage(frame)
        }
        #expect(throws: WireError.self) { try WireCodec.encode(.report(report)) }
    }

    @Test("Texts and lists beyond their maximum are cut in writing, at whole characters")
    func cut() throws {
        let long = String(repeating: "€", count: 400)
        let refusals = [Refusal](repeating: Refusal(cause: .kernel, message: long), count: 20)
        let report = Report(answering: .none, sequence: 1, verdict: .refused(refusals), standing: nil)

        let read = try WireCodec.agentMessage(WireCodec.encode(.report(report)))

        let expected = [Refusal](
            repeating: Refusal(cause: .kernel, message: String(repeating: "€", count: 170)),
            count: Refusal.perReportMaximum)
        #expect(read == .report(Report(answering: .none, sequence: 1, verdict: .refused(expected), standing: nil)))
    }
}

@Suite("Frames that only an attacker sends")
struct HostileFrameTests {
    /// The refusal of an envelope that the closure changed.
    private func refusal(
        fromAgent: Bool = true, _ change: (inout WireEnvelope) -> Void
    ) throws -> WireError? {
        var envelope = WireEnvelope()
        envelope.protocolVersion = protocolVersion
        change(&envelope)
        let frame: [UInt8] = try envelope.serializedBytes()
        return #expect(throws: WireError.self) {
            if fromAgent { _ = try WireCodec.agentMessage(frame) } else { _ = try WireCodec.coordinatorMessage(frame) }
        }
    }

    private let hello = Hello(
        protocolVersion: protocolVersion, bootID: [UInt8](repeating: 1, count: 16), incarnation: 1, epoch: nil,
        newest: Generation(3))
    private let report = Report(answering: .none, sequence: 1, verdict: .done, standing: Standing(common: .clear))

    @Test("Missing parts are named")
    func missing() throws {
        #expect(try refusal { _ in } == .missing(field: "payload"))
        #expect(try refusal { $0.report = WireReport() } == .missing(field: "report.answering"))
        #expect(
            try refusal {
                $0.report = WireReport(report)
                $0.report.verdict = nil
            } == .missing(field: "report.verdict"))
        #expect(try refusal(fromAgent: false) { $0.order = WireOrder() } == .missing(field: "order.stamp"))
        #expect(try refusal(fromAgent: false) { $0.welcome = WireWelcome() } == .missing(field: "welcome.roster"))
    }

    @Test("Unknown enum values are refused")
    func unknownEnums() throws {
        #expect(
            try refusal {
                $0.report = WireReport(report)
                $0.report.standing.common.low = .UNRECOGNIZED(77)
            } == .invalid(field: "state.low"))
        #expect(
            try refusal {
                $0.report = WireReport(report)
                $0.report.missing = .UNRECOGNIZED(9)
            } == .invalid(field: "report.missing"))
        #expect(
            try refusal {
                $0.report = WireReport(report)
                $0.report.refused = WireRefusals([Refusal(cause: .host, message: "")])
                $0.report.refused.refusals[0].cause = .unspecified
            } == .invalid(field: "refusal.cause"))
    }

    @Test("Numbers that would overflow when counted on are refused")
    func numbers() throws {
        #expect(
            try refusal {
                $0.hello = WireHello(hello)
                $0.hello.newest = .max
            } == .invalid(field: "hello.newest"))
        #expect(
            try refusal(fromAgent: false) { $0.heartbeat.clockMicroseconds = .max }
                == .invalid(field: "heartbeat.clock"))
        #expect(
            try refusal {
                $0.hello = WireHello(hello)
                $0.hello.bootID.removeLast()
            } == .invalid(field: "hello.boot_id"))
    }

    @Test("Lists beyond their maximum, and lists that name a node twice, are refused")
    func lists() throws {
        #expect(
            try refusal {
                $0.report = WireReport(report)
                let one = WireRefusal(Refusal(cause: .host, message: ""))
                $0.report.refused.refusals = [WireRefusal](repeating: one, count: 17)
            } == .tooMany(field: "report.refusals", count: 17, maximum: 16))
        #expect(
            try refusal {
                $0.report = WireReport(report)
                $0.report.standing = WireStanding(Standing(common: .clear, exceptions: [4: .on(.send)]))
                $0.report.standing.exceptions += $0.report.standing.exceptions
            } == .duplicate(field: "standing.exceptions"))
        #expect(
            try refusal {
                $0.report = WireReport(report)
                $0.report.standing = WireStanding(Standing(common: .clear, exceptions: [4: .on(.send)]))
                $0.report.standing.exceptions[0].peer = 0
            } == .invalid(field: "standing.exceptions.peer"))
    }
}
