internal import Fleet
internal import MeshKeys
internal import Testing

@Suite("Slots of peers")
struct PeerSlotsTests {
    private func slot(_ number: UInt16) throws -> Slot { try #require(Slot(number)) }

    private func random(_ count: Int, _ generator: inout SystemRandomNumberGenerator) throws -> PeerSlots {
        var slots = PeerSlots()
        for _ in 0..<count {
            let peer = try #require(NodeNumber(.random(in: 1...NodeNumber.maximum, using: &generator)))
            let slot = try slot(.random(in: 1...Slot.maximum, using: &generator))
            slots.note(Generation(.random(in: 0...UInt64.max, using: &generator)), [peer: slot])
        }
        return slots
    }

    @Test("A slot is known by its peer and its set, and a later set takes it over")
    func note() throws {
        var slots = PeerSlots()
        slots.note(Generation(3), [1: try slot(5), 2: try slot(5)])
        slots.note(Generation(4), [2: try slot(5)])

        #expect(slots.set(of: try slot(5), of: 1) == Generation(3))
        #expect(slots.set(of: try slot(5), of: 2) == Generation(4))
        #expect(slots.set(of: try slot(6), of: 2) == nil)
        #expect(slots.slot(in: Generation(4), of: 2) == Slot(5))
        #expect(slots.slot(in: Generation(3), of: 2) == nil)
    }

    @Test("What no SA stands for is forgotten, but for the set that is named")
    func keep() throws {
        var slots = PeerSlots()
        slots.note(Generation(3), [1: try slot(5), 2: try slot(6)])
        slots.note(Generation(4), [1: try slot(7)])
        slots.keep([PeerSlots.Key(peer: 2, slot: try slot(6))], and: Generation(4))

        #expect(
            slots.sets == [
                PeerSlots.Key(peer: 2, slot: try slot(6)): Generation(3),
                PeerSlots.Key(peer: 1, slot: try slot(7)): Generation(4),
            ])
    }

    @Test("What was persisted is read back as it was, and written the same", arguments: [0, 1, 2, 500])
    func roundTrip(count: Int) throws {
        var generator = SystemRandomNumberGenerator()
        let slots = try random(count, &generator)

        #expect(try PeerSlots(text: slots.text) == slots)
        #expect(try PeerSlots(text: slots.text).text == slots.text)
    }

    @Test("A text that was cut off within a line is refused")
    func cutOff() throws {
        var generator = SystemRandomNumberGenerator()
        let text = try random(20, &generator).text
        for length in 0..<text.count where text.prefix(length).last != "\n" {
            #expect(throws: PeerSlotsError.self) { try PeerSlots(text: String(text.prefix(length))) }
        }
    }

    @Test("More entries than any node has use for are refused with their line")
    func tooMany() {
        var text = "testudo peer slots 1\n"
        for number in 0...PeerSlots.entriesMaximum {
            text += "peer \(number / 4_095 + 1) slot \(number % 4_095 + 1) set 1\n"
        }
        let error = #expect(throws: PeerSlotsError.self) { try PeerSlots(text: text) }
        #expect(error?.line == PeerSlots.entriesMaximum + 2)
    }

    @Test(
        "A damaged text is refused with its line",
        arguments: [
            ("", 1), ("testudo peer slots 2\n", 1), ("testudo slots 1\n", 1), ("testudo peer slots 1", 1),
            ("testudo peer slots 1\n\n", 2), ("testudo peer slots 1\npeer 0 slot 1 set 1\n", 2),
            ("testudo peer slots 1\npeer 262144 slot 1 set 1\n", 2),
            ("testudo peer slots 1\npeer 1 slot 4096 set 1\n", 2), ("testudo peer slots 1\npeer 1 slot 1 set\n", 2),
            ("testudo peer slots 1\npeer +1 slot 1 set 1\n", 2), ("testudo peer slots 1\npeer 1 slot 1 set 01\n", 2),
            ("testudo peer slots 1\npeer 1 slot 1 set -1\n", 2), ("testudo peer slots 1\npeer 1 slot 1 set 1 \n", 2),
            ("testudo peer slots 1\npeer 1 slot 1 set 18446744073709551616\n", 2),
            ("testudo peer slots 1\npeer 1 slot 1 set 1\npeer 1 slot 1 set 2\n", 3),
        ])
    func damaged(text: String, line: Int) {
        let error = #expect(throws: PeerSlotsError.self) { try PeerSlots(text: text) }
        #expect(error?.line == line)
    }
}
