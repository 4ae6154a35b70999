import Fleet
import Testing

@testable import Ladder

@Suite("Offers that nodes hold ready")
struct SpareTests {
    private static let numbers: [NodeNumber] = [1, 2, 3]
    private static let now = Instant(milliseconds: 1)

    private static func offer(_ number: UInt8) -> Offer? {
        Slot(UInt16(number)).map { Offer(id: [number], ephemeralKey: [], slot: $0) }
    }

    private static func rollout(_ spares: [NodeNumber]) -> Rollout {
        let charter = Rollout.Charter(
            id: 1, kind: .enable, epoch: World.epoch, roster: World.roster, numbers: numbers,
            generation: Generation(1), limits: World.limits())
        var offers: [NodeNumber: Offer] = [:]
        for node in spares { offers[node] = offer(UInt8(node.rawValue)) }
        return Rollout(charter, fleet: FleetState(), spares: offers, at: now)
    }

    private static func answer(_ rollout: inout Rollout, _ step: UInt32, from node: NodeNumber, offer: Offer? = nil)
        -> [Rollout.Effect]
    {
        let report = Report(
            answering: Stamp(generation: Generation(1), step: step), sequence: UInt64(step), verdict: .done,
            standing: Standing(common: .clear), offer: offer)
        return rollout.receive(report, from: node, at: now)
    }

    /// What follows when every node has answered the preflight.
    private static func afterPreflight(_ rollout: inout Rollout) -> [Rollout.Effect] {
        _ = rollout.begin(at: now)
        var effects: [Rollout.Effect] = []
        for node in numbers { effects = answer(&rollout, 1, from: node) }
        return effects
    }

    /// The offers' ids.
    private static func published(_ effects: [Rollout.Effect]) -> [NodeNumber: [UInt8]]? {
        effects.lazy.compactMap { if case .publish(let set) = $0 { set.offers.mapValues(\.id) } else { nil } }.first
    }

    private static func asked(_ effects: [Rollout.Effect]) -> [NodeNumber]? {
        effects.lazy.compactMap { effect -> [NodeNumber]? in
            if case .send(let order, let nodes) = effect, order.task == .offer { nodes } else { nil }
        }.first
    }

    @Test("Where every node has one, none is asked for")
    func allReady() {
        var rollout = Self.rollout(Self.numbers)

        let effects = Self.afterPreflight(&rollout)

        #expect(Self.asked(effects) == nil)
        #expect(Self.published(effects) == [1: [1], 2: [2], 3: [3]])
    }

    @Test("Who has none is asked, alone, and the set has all of them")
    func someReady() {
        var rollout = Self.rollout([1, 3])

        #expect(Self.asked(Self.afterPreflight(&rollout)) == [2])
        let effects = Self.answer(&rollout, 2, from: 2, offer: Self.offer(9))

        #expect(Self.published(effects) == [1: [1], 2: [9], 3: [3]])
    }

    @Test("What a late report or a heartbeat says of a node's spare offer outranks what was known at the start")
    func outdated() {
        var rollout = Self.rollout(Self.numbers)
        _ = rollout.begin(at: Self.now)
        let late = Report(
            answering: .none, sequence: 1, verdict: .done, standing: Standing(common: .clear), offer: Self.offer(9))
        _ = rollout.receive(late, from: 1, at: Self.now)
        rollout.heard(
            NodeHeartbeat(sequence: 1, accepted: .none, standing: Standing(common: .clear), problems: []), from: 2)
        var effects: [Rollout.Effect] = []
        for node in Self.numbers {
            let report = Report(
                answering: Stamp(generation: Generation(1), step: 1), sequence: 2, verdict: .done,
                standing: Standing(common: .clear))
            effects = rollout.receive(report, from: node, at: Self.now)
        }

        #expect(Self.asked(effects) == [1, 2])
    }

    @Test("A node that connects anew is asked: what it held ready belonged to the connection before")
    func reconnected() {
        var rollout = Self.rollout(Self.numbers)
        _ = rollout.begin(at: Self.now)
        _ = rollout.joined(2, isNewProcess: false)
        var effects: [Rollout.Effect] = []
        for node in Self.numbers { effects = Self.answer(&rollout, 1, from: node) }

        #expect(Self.asked(effects) == [2])
    }

    @Test(
        "A node that gives its spare offer up while others are asked is asked in its turn, and no answer is asked twice"
    )
    func givenUp() {
        var rollout = Self.rollout([1, 3])
        _ = Self.afterPreflight(&rollout)
        _ = rollout.joined(3, isNewProcess: false)

        #expect(Self.asked(Self.answer(&rollout, 2, from: 2, offer: Self.offer(9))) == [3])
        let effects = Self.answer(&rollout, 3, from: 3, offer: Self.offer(8))

        #expect(Self.published(effects) == [1: [1], 2: [9], 3: [8]])
    }
}
