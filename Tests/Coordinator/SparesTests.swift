import Fleet
import Ladder
import Ports
import Simulated
import Testing

@testable import Coordinator

@Suite("Offers made ahead of time")
struct SparesTests {
    private static func asked(_ bus: SimulatedBus) -> Int {
        bus.sent.count { if case .order(let order) = $0.message { order.task == .offer } else { false } }
    }

    @Test("A fleet that has offers ready goes up without being asked for any; each serves one set, and then others do")
    func ready() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            #expect(Self.asked(fleet.bus) == 0)
            // At once, before anybody has another one ready.
            for _ in 0..<3 { #expect(await fleet.perform(.rollout(.rotate, absent: nil)) == .done) }

            var sets: [Generation: Set<[UInt8]>] = [:]
            for case .offers(let share) in fleet.bus.sent.map(\.message) {
                sets[share.version.generation, default: []].formUnion(share.offers.values.map(\.id))
            }
            #expect(sets.count == 4)
            #expect(sets.values.reduce(into: Set()) { $0.formUnion($1) }.count == 4 * 3)
            try await fleet.expectProtected()
            for kernel in fleet.kernels { #expect(await kernel.keysInstalledAgain == 0) }
        }
    }

    private static func offer(_ id: UInt8) throws -> Offer {
        Offer(id: [id], ephemeralKey: [], slot: try #require(Slot(1)))
    }

    @Test("What a set has named is spent, however often its node says that it is ready, until it connects anew")
    func spent() throws {
        let (one, two, three) = (try Self.offer(1), try Self.offer(2), try Self.offer(3))
        var spares = Spares()
        spares.note(one, of: 1, sequence: 1)
        spares.note(two, of: 2, sequence: 1)

        spares.spend(OfferSet(generation: Generation(1), offers: [1: one]))
        spares.note(one, of: 1, sequence: 2)

        #expect(spares.offers == [2: two])
        spares.note(three, of: 1, sequence: 3)
        #expect(spares.offers == [1: three, 2: two])
        spares.forget(2)
        spares.note(nil, of: 1, sequence: 4)
        #expect(spares.offers.isEmpty)
        spares.note(two, of: 2, sequence: 1)
        #expect(spares.offers == [2: two])
    }

    @Test("An older word than the newest changes nothing: who was asked since holds nothing ready")
    func lateWord() throws {
        var spares = Spares()
        spares.note(try Self.offer(1), of: 1, sequence: 7)
        spares.note(nil, of: 1, sequence: 8)
        spares.note(try Self.offer(1), of: 1, sequence: 7)

        #expect(spares.offers.isEmpty)
    }
}
