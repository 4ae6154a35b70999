@testable internal import BusProtocol
internal import Fleet
internal import Ladder
internal import SwiftProtobuf
internal import Testing

@Suite("Messages on the wire")
struct WireCodecTests {
    @Test("Every message is read as it was written")
    func roundTrip() throws {
        for seed in 0..<1_000 as Range<UInt64> {
            var random = RandomMessages(seed: seed)
            let down = random.coordinatorMessage()
            let up = random.agentMessage()

            #expect(try WireCodec.coordinatorMessage(WireCodec.encode(down)) == down, "seed \(seed)")
            #expect(try WireCodec.agentMessage(WireCodec.encode(up)) == up, "seed \(seed)")
        }
    }

    @Test("Equal messages become equal bytes, whatever order their parts were put in")
    func equalBytes() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = RandomMessages(seed: seed)
            let down = try WireCodec.encode(random.coordinatorMessage())
            let up = try WireCodec.encode(random.agentMessage())

            #expect(try WireCodec.encode(WireCodec.coordinatorMessage(down)) == down, "seed \(seed)")
            #expect(try WireCodec.encode(WireCodec.agentMessage(up)) == up, "seed \(seed)")
        }
    }

    @Test("Every place is told apart, and an edge that stays from one that no rule names")
    func places() throws {
        let all = Rung.allCases.flatMap { rung in KeyUse.allCases.map { Place(rung, $0) } }
        let places = [nil] + all.map { $0 as Place? }
        var rules = [EdgeRule(base: nil)]
        for place in places {
            rules += [
                EdgeRule(base: place), EdgeRule(base: nil, from: [7: place]), EdgeRule(base: nil, toward: [7: place]),
                EdgeRule(base: nil, edges: [Edge(7, 8): place]),
            ]
        }
        let rulesOnce = Set(rules)

        var frames: Set<[UInt8]> = []
        for rule in rulesOnce {
            let order = Samples.order(.move(rule, fresh: nil))
            let frame = try WireCodec.encode(.order(order))
            #expect(try WireCodec.coordinatorMessage(frame) == .order(order))
            frames.insert(frame)
        }
        #expect(frames.count == rulesOnce.count)
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

    @Test(
        "A hello of another protocol version is read as far as its version",
        arguments: [0, protocolVersion - 1, protocolVersion + 1, .max] as [UInt32])
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

    @Test("A roster that was written once says the same in every welcome, and another one takes its place")
    func rosterWrittenOnce() throws {
        var random = RandomMessages(seed: 5)
        var known: EncodedRoster?
        for _ in 0..<200 {
            var welcome = random.welcome()
            let first = try WireCodec.encode(welcome, &known)
            #expect(try WireCodec.coordinatorMessage(first) == .welcome(welcome))
            welcome.number = random.number()
            let second = try WireCodec.encode(welcome, &known)
            #expect(try WireCodec.coordinatorMessage(second) == .welcome(welcome))
        }
    }

    @Test("Frequent frames are read and written as the library reads and writes them, damaged ones too")
    func frequentFrames() throws {
        var random = RandomMessages(seed: 6)
        var read = 0
        for _ in 0..<4_000 {
            let down = try WireCodec.encode(random.frequentOrder())
            let message = random.frequentReport()
            let up = try WireCodec.encode(message)
            #expect(try up == WireCodec.encodeByLibrary(message))
            #expect(FrequentFrames.order(down) != nil && FrequentFrames.report(up) != nil)
            for frame in [down, up] {
                for _ in 0..<8 {
                    var damaged = Array(frame.prefix(.random(in: 0...frame.count, using: &random.generator)))
                    if Bool.random(using: &random.generator) { damaged = frame }
                    for _ in 0..<Int.random(in: 0...2, using: &random.generator) where !damaged.isEmpty {
                        let place = Int.random(in: 0..<damaged.count, using: &random.generator)
                        damaged[place] = .random(in: 0 ... .max, using: &random.generator)
                    }
                    if let order = FrequentFrames.order(damaged) {
                        read += 1
                        #expect(try WireCodec.coordinatorMessageByLibrary(damaged) == .order(order))
                    }
                    if let report = FrequentFrames.report(damaged) {
                        read += 1
                        #expect(try WireCodec.agentMessageByLibrary(damaged) == .report(report))
                    }
                }
            }
        }
        #expect(read > 4_000, "damaged frames are read now and then")
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
