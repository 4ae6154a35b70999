import Fleet
import Testing

@testable import Ladder

@Suite("The rule and the next rung")
struct LadderRuleTests {
    /// Every set of rungs of the ladder.
    static let sets = (1..<16).map { RungSet(rawValue: $0) }

    @Test(
        "From wherever the rule holds, no move breaks it, whichever of the two edges has made it",
        arguments: Rung.ladder)
    func everyMoveIsSafe(goal: Rung) {
        for here in Self.sets {
            for there in Self.sets {
                for keysAgree in [true, false] {
                    let pair = Pair(here: here, there: there, keysAgree: keysAgree)
                    let agrees = keysAgree || pair.isBare
                    guard LadderRule.holds(here, there, keysAgree: agrees) else { continue }
                    let (one, other) = pair.next(toward: goal)
                    let after = (here.union(one.map(RungSet.init) ?? []), there.union(other.map(RungSet.init) ?? []))
                    #expect(LadderRule.holds(after.0, after.1, keysAgree: agrees))
                }
            }
        }
    }

    @Test("From wherever the rule holds with common keys, a pair comes to every goal", arguments: Rung.ladder)
    func everyGoalIsReached(goal: Rung) {
        for one in Rung.ladder {
            for other in Rung.ladder where LadderRule.violation(one, other, keysAgree: true) == nil {
                var (here, there) = (one, other)
                for _ in 0..<8 {
                    let isBare = here == .clear && there == .clear
                    let agrees = !isBare && min(here, there) > .clear
                    let pair = Pair(here: RungSet(here), there: RungSet(there), keysAgree: agrees)
                    let next = pair.next(toward: goal)
                    here = next.here ?? here
                    there = next.there ?? there
                }
                #expect(here == goal && there == goal, "from \(one), \(other) to \(here), \(there) instead of \(goal)")
            }
        }
    }

    @Test("A pair that is shut on both sides, or broken, can always be turned off")
    func wayOut() {
        for here in Rung.allCases {
            for there in Rung.allCases {
                var (one, other) = (here, there)
                for _ in 0..<8 {
                    let pair = Pair(here: RungSet(one), there: RungSet(other), keysAgree: false)
                    let next = pair.next(toward: .clear)
                    one = next.here ?? one
                    other = next.there ?? other
                }
                #expect(one == .clear && other == .clear, "from \(here), \(there) to \(one), \(other)")
            }
        }
    }

    @Test("Merging is associative, commutative and idempotent: the newer word of each node wins")
    func merging() {
        func state(_ node: NodeNumber, _ sequence: UInt64, _ rung: Rung) -> FleetState {
            var state = FleetState()
            state.note(
                node, sequence: sequence, accepted: Stamp(generation: Generation(1), step: UInt32(sequence)),
                standing: Standing(common: .on(rung)))
            return state
        }
        let (a, b, c) = (state(1, 1, .accept), state(1, 2, .send), state(2, 1, .clear))

        #expect(a.merged(with: b).merged(with: c) == a.merged(with: b.merged(with: c)))
        #expect(a.merged(with: b) == b.merged(with: a))
        #expect(a.merged(with: a) == a)
        #expect(a.merged(with: b).nodes[1]?.standing?.common.low == .send)
    }

    @Test("A generation that could not be made durable is made durable again before anything is done")
    func persistenceFails() {
        var ladder = NodeLadder(epoch: nil, generation: .none)
        ladder.welcome(number: 1, epoch: World.epoch, roster: World.roster, peers: [2])
        let order = Order(
            epoch: World.epoch, stamp: Stamp(generation: Generation(3), step: 1), rollout: 1, roster: World.roster,
            task: .observe, expiry: Instant(milliseconds: 1_000))
        let now = Instant(milliseconds: 1)

        #expect(ladder.receive(order, at: now) == [.persist(World.epoch, Generation(3))])
        ladder.persistenceFailed()
        #expect(ladder.receive(order, at: now) == [.persist(World.epoch, Generation(3))])
        #expect(ladder.generationPersisted() == [.perform(.observe)])
    }
}
