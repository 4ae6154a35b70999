internal import Fleet
internal import MeshKeys
internal import Testing

@Suite("Slots of offers")
struct SlotLedgerTests {
    private func slots(_ numbers: some Sequence<UInt16>) -> Set<Slot> { Set(numbers.compactMap { Slot($0) }) }

    @Test("Slots go round 1…4095 and come back as late as possible")
    func wrapsAround() throws {
        var ledger = SlotLedger()
        var given: [UInt16] = []

        for number in 1...UInt64(Slot.maximum) + 2 {
            given.append(try ledger.take(for: Generation(number), inUse: []).rawValue)
            ledger.release(set: Generation(number))
        }

        #expect(given == Array(1...Slot.maximum) + [1, 2])
    }

    @Test(
        "A ledger that begins at a slot gives out that one first, and goes round from there", arguments: [1, 77, 4_095])
    func begins(number: UInt16) throws {
        let first = try #require(Slot(number))
        var ledger = SlotLedger(next: first)

        #expect(try SlotLedger(text: ledger.text) == ledger)
        #expect(try ledger.take(for: Generation(1), inUse: []) == first)
        #expect(try ledger.take(for: Generation(2), inUse: []) == Slot(number % Slot.maximum + 1))
    }

    @Test("A ledger that begins at a slot in use gives out the next free one")
    func beginsInUse() throws {
        var ledger = SlotLedger(next: try #require(Slot(4_094)))

        #expect(try ledger.take(for: Generation(1), inUse: slots([4_094, 4_095, 1])).rawValue == 2)
    }

    @Test("A slot of a live set, or one that a read-back shows, is never given out")
    func skipsUsed() throws {
        var ledger = SlotLedger()
        _ = try ledger.take(for: Generation(1), inUse: [])
        for number in 2...UInt64(Slot.maximum) {
            _ = try ledger.take(for: Generation(number), inUse: [])
            ledger.release(set: Generation(number))
        }

        #expect(try ledger.take(for: Generation(5_000), inUse: slots([2, 3])).rawValue == 4)
    }

    @Test("With every slot in use the next one is refused")
    func exhausted() throws {
        var ledger = SlotLedger()
        _ = try ledger.take(for: Generation(1), inUse: [])

        #expect(throws: SlotLedger.Exhausted()) {
            try ledger.take(for: Generation(2), inUse: slots(2...Slot.maximum))
        }
        #expect(try ledger.take(for: Generation(2), inUse: slots(3...Slot.maximum)).rawValue == 2)
    }

    @Test("A set that is asked for again gets a fresh slot: its earlier offer may be on its way")
    func freshSlot() throws {
        var ledger = SlotLedger()

        let first = try ledger.take(for: Generation(1), inUse: [])
        let second = try ledger.take(for: Generation(1), inUse: [])

        #expect(first != second)
        #expect(ledger.slots(of: Generation(1)) == [first, second])
    }

    @Test("A slot taken ahead of time is the set's that it is assigned to, and free once it is given up")
    func assigning() throws {
        var ledger = SlotLedger()
        let slot = try ledger.take(for: .none, inUse: [])
        let other = try ledger.take(for: .none, inUse: [])

        ledger.assign(slot, to: Generation(7))
        ledger.release(other)
        ledger.assign(other, to: Generation(8))

        #expect(ledger.set(of: slot) == Generation(7) && ledger.slots(of: Generation(7)) == [slot])
        #expect(ledger.set(of: other) == Generation.none)
        #expect(try SlotLedger(text: ledger.text) == ledger)
        ledger.forgetReleased(inUse: [])
        #expect(Array(ledger.entries.keys) == [slot])
    }

    @Test("A released slot keeps its set's name as long as the kernel has SAs of it")
    func namesStand() throws {
        var ledger = SlotLedger()
        let slot = try ledger.take(for: Generation(9), inUse: [])
        ledger.release(set: Generation(9))

        ledger.forgetReleased(inUse: [slot])
        #expect(ledger.set(of: slot) == Generation(9))
        ledger.forgetReleased(inUse: [])
        #expect(ledger.set(of: slot) == nil)
    }

    @Test("What was persisted is read back as it was")
    func roundTrip() throws {
        var ledger = SlotLedger()
        for number in 1...20 as ClosedRange<UInt64> {
            _ = try ledger.take(for: Generation(number), inUse: slots(5...30))
            if number.isMultiple(of: 3) { ledger.release(set: Generation(number)) }
        }

        #expect(try SlotLedger(text: ledger.text) == ledger)
        #expect(try SlotLedger(text: SlotLedger().text) == SlotLedger())
    }

    @Test(
        "A damaged ledger is refused with its line",
        arguments: [
            ("", 1), ("testudo slots 2\nnext 1\n", 1), ("testudo slots 1\n", 2), ("testudo slots 1\nnext 0\n", 2),
            ("testudo slots 1\nnext 4096\n", 2), ("testudo slots 1\nnext +1\n", 2), ("testudo slots 1\nnext 01\n", 2),
            ("testudo slots 1\nnext 1\nslot 1 set 1 live", 3),
            ("testudo slots 1\nnext 1\nslot 0 set 1 live\n", 3), ("testudo slots 1\nnext 1\nslot 1 set -1 live\n", 3),
            ("testudo slots 1\nnext 1\nslot 1 set 1 dead\n", 3), ("testudo slots 1\nnext 1\n\n", 3),
            ("testudo slots 1\nnext 1\nslot 1 set 1 live\nslot 1 set 2 live\n", 4),
        ])
    func damaged(text: String, line: Int) {
        let error = #expect(throws: SlotLedgerError.self) { try SlotLedger(text: text) }
        #expect(error?.line == line)
    }
}
