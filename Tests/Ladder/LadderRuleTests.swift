import Fleet
import Testing

@testable import Ladder

@Suite("The drain")
struct DrainTests {
    @Test(
        "An automatic drain is eight round trips, at least 200 ms and at most 5 s, whatever a node says",
        arguments: [(0, 200), (25_000, 200), (100_000, 800), (625_000, 5_000), (1 << 61, 5_000), (.max, 5_000)])
    func automatic(probe: UInt64, milliseconds: UInt64) {
        #expect(RolloutLimits().drainMilliseconds(afterProbe: probe) == milliseconds)
    }
}

@Suite("The rule and the next place")
struct LadderRuleTests {
    static let old = Generation(1)
    static let fresh = Generation(2)

    /// Every state that an edge can have with an old and a fresh set.
    static let states: [EdgeState] = {
        let holdings: [GenerationList] = [[], [old], [fresh], [old, fresh]]
        var states: [EdgeState] = [
            .clear, .on(.closed), .on(.closed, offers: old), .on(.closed, offers: fresh),
        ]
        for holds in holdings where !holds.isEmpty {
            states.append(EdgeState(low: .accept, high: .accept, holds: holds))
            for rung in [Rung.send, .enforce] {
                // An SA that is sent with and gone is mended with the next fresh set, not with its own.
                for sent in [old, fresh] where sent == old || holds.contains(fresh) {
                    states.append(EdgeState(low: rung, high: rung, holds: holds, sends: [sent]))
                }
            }
        }
        return states
    }()

    /// States of an edge one of whose SAs was taken out of the kernel.
    static let broken: [EdgeState] = {
        var states: [EdgeState] = []
        for set in [old, fresh] {
            states.append(EdgeState(low: .clear, high: .accept, parts: [set]))
            for rung in [Rung.send, .enforce] {
                states.append(EdgeState(low: rung, high: rung, sends: [set], parts: [set]))
            }
        }
        // It sends with the fresh set, and a part of the old one is left.
        for rung in [Rung.send, .enforce] {
            states.append(EdgeState(low: rung, high: rung, holds: [fresh], sends: [fresh], parts: [old]))
        }
        // One family closed, the other still sending.
        states.append(EdgeState(low: .clear, high: .closed, sends: [fresh], parts: [fresh]))
        // One has been opened and the other has not yet.
        states.append(EdgeState(low: .enforce, high: .closed, holds: [fresh], sends: [fresh]))
        states.append(EdgeState(low: .closed, high: .closed, parts: [old]))
        // One sends and has lost an SA, the other has none.
        for set in [old, fresh] { states.append(EdgeState(low: .clear, high: .send, sends: [set], parts: [set])) }
        // Closed again with fresh keys while some of the others were not removed yet.
        states.append(EdgeState(low: .closed, high: .closed, holds: [fresh], parts: [old]))
        // One family is closed and the other has lost an SA; or it is whole with the old set.
        for rung in [Rung.send, .enforce] {
            states.append(EdgeState(low: rung, high: .closed, sends: [old], parts: [old]))
            states.append(EdgeState(low: rung, high: .closed, holds: [old], sends: [old]))
        }
        states.append(EdgeState(low: .accept, high: .closed, parts: [fresh]))
        // One has lost all that it had.
        states.append(EdgeState(low: .clear, high: .enforce, sends: [old], parts: [old]))
        return states
    }()

    static let goals: [Goal] = [
        Goal(.clear), Goal(.accept), Goal(.enforce), Goal(.enforce, freshness: .everywhere),
        Goal(.enforce, freshness: .nowhere), Goal(.clear, freshness: .nowhere),
    ]

    /// One order of a pair: both edges move, unless only one is safe to.
    private func next(_ pair: Pair, _ goal: Goal) -> (here: Place?, there: Place?) {
        guard let rung = goal.rung(Edge(1, 2)) else { return (nil, nil) }
        let aim = goal.aim(rung, pair)
        return pair.next(aim, aim)
    }

    private func moved(_ state: EdgeState, _ place: Place?) -> EdgeState {
        place.map { state.moved(to: $0, Self.fresh) } ?? state
    }

    @Test("From wherever the rule holds, no move breaks it, whichever of the two edges has made it")
    func everyMoveIsSafe() {
        for here in Self.states {
            for there in Self.states where LadderRule.violation(here, there) == nil {
                for goal in Self.goals {
                    let pair = Pair(here: [here], there: [there], fresh: Self.fresh)
                    let (one, other) = next(pair, goal)
                    for (here, there) in [
                        (moved(here, one), there), (here, moved(there, other)), (moved(here, one), moved(there, other)),
                    ] {
                        let isShut = here.high == .closed || there.high == .closed
                        #expect(
                            isShut || LadderRule.violation(here, there) == nil, "\(pair) to \(goal): \(here), \(there)")
                    }
                }
            }
        }
    }

    @Test("What a pair that has lost an SA still delivers in some family, no move takes away")
    func partsAreKept() {
        for here in Self.broken {
            for there in Self.broken + Self.states where there.high != .closed || there.low != .closed {
                // What is left on a closed edge is given up where there is no other way.
                let kept = LadderRule.partlyTaken(there, by: here, countsRests: false)
                for goal in Self.goals {
                    let (one, other) = next(Pair(here: [here], there: [there], fresh: Self.fresh), goal)
                    let closes = [one, other].contains { $0?.rung == .closed }
                    if closes { continue }
                    let first = LadderRule.partlyTaken(there, by: moved(here, one))
                    let both = LadderRule.partlyTaken(moved(there, other), by: moved(here, one))
                    #expect(kept.isSubset(of: first), "\(here), \(there) to \(goal): \(String(describing: one)) first")
                    #expect(kept.isEmpty || !both.isEmpty, "\(here), \(there) to \(goal)")
                }
            }
        }
    }

    @Test("No edge is ordered to where its agent would refuse to take it, nor to where it stands")
    func ordersAreTaken() {
        for here in Self.states + Self.broken {
            for there in Self.states + Self.broken {
                for goal in Self.goals {
                    let (one, other) = next(Pair(here: [here], there: [there], fresh: Self.fresh), goal)
                    for (state, place) in [(here, one), (there, other)] {
                        guard let place else { continue }
                        let objection = state.objection(to: place, Self.fresh)
                        #expect(objection == nil && !state.isAt(place, Self.fresh), "\(state) to \(place) for \(goal)")
                    }
                }
            }
        }
    }

    @Test("An edge that sends with what is left of its only set moves down with it")
    func leftAlone() {
        let edge = EdgeState(low: .enforce, high: .enforce, sends: [Self.fresh], parts: [Self.fresh])

        let lower = edge.moved(to: Place(.send), Self.fresh)

        #expect(edge.objection(to: Place(.send), Self.fresh) == nil)
        #expect(lower == EdgeState(low: .send, high: .send, sends: [Self.fresh], parts: [Self.fresh]))
        #expect(lower.isAt(Place(.send), Self.fresh))
    }

    @Test("No move is made that any order not yet answered could turn into a loss")
    func uncertainty() {
        for here in Self.states {
            for order in Self.states {
                for there in Self.states
                where LadderRule.violation(here, there) == nil && LadderRule.violation(order, there) == nil {
                    for goal in Self.goals {
                        let pair = Pair(here: [here, order], there: [there], fresh: Self.fresh)
                        let (one, other) = next(pair, goal)
                        for here in [here, order] {
                            for here in [here, moved(here, one)] {
                                let there = moved(there, other)
                                let isShut = here.high == .closed || there.high == .closed
                                #expect(isShut || LadderRule.violation(here, there) == nil, "\(pair) to \(goal)")
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where a pair comes to, move by move.
    private func end(_ here: EdgeState, _ there: EdgeState, _ goal: Goal) -> (EdgeState, EdgeState) {
        var (here, there) = (here, there)
        for _ in 0..<24 {
            let (one, other) = next(Pair(here: [here], there: [there], fresh: Self.fresh), goal)
            (here, there) = (moved(here, one), moved(there, other))
        }
        return (here, there)
    }

    /// A key is made once: where a part of the fresh set is gone another set mends it, which the next try makes. And no move
    /// takes away the ESP of one family to mend another whose clear traffic is refused: such a pair is turned off first.
    private func isBeyond(_ here: EdgeState, with there: EdgeState) -> Bool {
        [(here, there), (there, here)].contains { one, other in
            one.parts.contains(Self.fresh) || (one.low == .clear && one.high == .send && other.high.isProtected)
        }
    }

    @Test("From everywhere, also from closed and broken pairs, fresh keys bring a pair to enforce with one set of SAs")
    func everyPairIsMended() {
        for goal in [Goal(.enforce), Goal(.enforce, freshness: .everywhere)] {
            for here in Self.states + Self.broken {
                for there in Self.states + Self.broken where !isBeyond(here, with: there) {
                    let (one, other) = end(here, there, goal)
                    #expect(one == other && one.low == .enforce && one.isWhole, "\(here), \(there) to \(one), \(other)")
                }
            }
        }
    }

    @Test("From everywhere a pair can be turned off")
    func wayOut() {
        for here in Self.states + Self.broken {
            for there in Self.states + Self.broken {
                let (one, other) = end(here, there, Goal(.clear))
                #expect(one == .clear && other == .clear, "\(here), \(there) to \(one), \(other)")
            }
        }
    }

    @Test("A rotation that fails comes back to the old keys alone, from every boundary")
    func rotationFails() {
        let up = EdgeState.on(.enforce, offers: Self.old)
        let holding = up.moved(to: Place(.enforce, .held), Self.fresh)
        let using = holding.moved(to: Place(.enforce, .used), Self.fresh)
        for here in [up, holding, using] {
            for there in [up, holding, using] where LadderRule.violation(here, there) == nil {
                let (one, other) = end(here, there, Goal(.enforce, freshness: .nowhere))
                #expect(one == up && other == up, "\(here), \(there) to \(one), \(other)")
            }
        }
    }

    @Test("A rule is the shortest for its moves and says of every edge what it was made of")
    func rules() {
        let numbers: [NodeNumber] = [1, 2, 3, 4, 5]
        let edges = numbers.flatMap { node in numbers.filter { $0 != node }.map { Edge(node, $0) } }
        func check(_ moves: [Edge: Place]) -> EdgeRule {
            let rule = EdgeRule(moving: moves, among: numbers)
            for edge in edges { #expect(rule.place(edge) == moves[edge], "\(edge) in \(rule)") }
            return rule
        }
        let all = Dictionary(uniqueKeysWithValues: edges.map { ($0, Place(.accept, .only)) })
        #expect(check(all) == EdgeRule(base: Place(.accept, .only)))
        let join = all.filter { $0.key.node == 5 || $0.key.peer == 5 }
        #expect(check(join).edges.isEmpty && check(join).base == nil)
        var rejoin = join
        for edge in edges where edge.node == 5 { rejoin[edge] = Place(.closed, .only) }
        #expect(check(rejoin).edges.isEmpty)
        #expect(check([Edge(2, 3): Place(.send)]).edges.count == 1)
        #expect(check([:]) == EdgeRule(base: nil))
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

    @Test("Where a generation cannot be made durable its order is refused, and is as good as never taken")
    func persistenceFails() {
        var ladder = NodeLadder(epoch: nil, generation: .none)
        ladder.welcome(epoch: World.epoch, roster: World.roster)
        let order = Order(
            epoch: World.epoch, stamp: Stamp(generation: Generation(3), step: 1), rollout: 1, roster: World.roster,
            task: .observe, expiry: Instant(milliseconds: 1_000))
        let now = Instant(milliseconds: 1)

        #expect(ladder.receive(order, at: now) == [.persist(World.epoch, Generation(3))])
        guard case .report(let report) = ladder.persistenceFailed(standing: .init(common: .clear)).first else {
            return #expect(Bool(false), "nothing is answered")
        }

        #expect(report.answering == order.stamp && report.standing == Standing(common: .clear))
        #expect(report.verdict == .refused([Refusal(cause: .host, message: NodeLadder.noRecord)]))
        #expect(ladder.accepted == .none && ladder.epoch == nil)
        #expect(ladder.heartbeat(standing: nil, packets: 0, problems: []).accepted == .none)
        var older = order
        older.stamp.generation = Generation(2)
        #expect(ladder.receive(older, at: now) == [.persist(World.epoch, Generation(2))])
        _ = ladder.persistenceFailed(standing: nil)
        #expect(ladder.receive(order, at: now) == [.persist(World.epoch, Generation(3))])
        #expect(ladder.generationPersisted() == [.perform(.observe)])
    }
}
