internal import Fleet
internal import MeshKeys
internal import Testing

/// What an agent asks of the slots of its peers from one rotation to the next.
@Suite("Slots of peers through rotations")
struct PeerSlotsRotationTests {
    private func slot(_ number: UInt16) throws -> Slot { try #require(Slot(number)) }

    @Test("A slot and a set find each other, each peer for itself")
    func bothWays() throws {
        var slots = PeerSlots()
        slots.note(Generation(3), [1: try slot(5), 2: try slot(6)])
        slots.note(Generation(4), [1: try slot(6), 2: try slot(5)])

        for (set, one, two) in [(Generation(3), 5, 6), (Generation(4), 6, 5)] as [(Generation, UInt16, UInt16)] {
            #expect(slots.slot(in: set, of: 1)?.rawValue == one)
            #expect(slots.slot(in: set, of: 2)?.rawValue == two)
            #expect(slots.set(of: try slot(one), of: 1) == set)
            #expect(slots.set(of: try slot(two), of: 2) == set)
        }
        #expect(slots.slot(in: Generation(5), of: 1) == nil)
        #expect(slots.slot(in: Generation(3), of: 3) == nil)
        #expect(slots.set(of: try slot(5), of: 3) == nil)
    }

    @Test("An order that is repeated notes nothing new")
    func repeated() throws {
        var slots = PeerSlots()
        slots.note(Generation(3), [1: try slot(5)])
        let before = slots
        slots.note(Generation(3), [1: try slot(5)])

        #expect(slots == before)
    }

    @Test("While keys are changed both sets are known, afterwards the one whose SAs stand, and no set is left behind")
    func rotations() throws {
        var slots = PeerSlots()
        var standing: Set<PeerSlots.Key> = []
        for number in 1...50 as ClosedRange<UInt16> {
            let set = Generation(UInt64(number))
            slots.keep(standing, and: set)
            slots.note(set, [1: try slot(number), 2: try slot(number)])
            #expect(slots.sets.count == (number == 1 ? 2 : 4))
            // The peer 2 never gets SAs of a set with an even number: its earlier ones stand on.
            standing = [PeerSlots.Key(peer: 1, slot: try slot(number))]
            standing.insert(PeerSlots.Key(peer: 2, slot: try slot(number.isMultiple(of: 2) ? number - 1 : number)))
        }

        slots.keep(standing, and: nil)
        #expect(
            slots.sets == [
                PeerSlots.Key(peer: 1, slot: try slot(50)): Generation(50),
                PeerSlots.Key(peer: 2, slot: try slot(49)): Generation(49),
            ])
        slots.keep([], and: nil)
        #expect(slots == PeerSlots())
    }

    @Test("A slot that a peer gives out again stands for its newest set")
    func takenOver() throws {
        var slots = PeerSlots()
        slots.note(Generation(3), [1: try slot(5)])
        slots.note(Generation(4_098), [1: try slot(5)])

        #expect(slots.set(of: try slot(5), of: 1) == Generation(4_098))
        #expect(slots.slot(in: Generation(3), of: 1) == nil)
    }
}
