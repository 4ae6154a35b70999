import Fleet
import Testing
import XFRM

/// Every mixture of objects that one pair can have, against every place that an order can name.
@Suite("From every state, the plan reaches every place safely")
struct PlanWalkTests {
    typealias Fixture = Fixtures

    /// A rung and which keys, with or without making SAs.
    struct Place: Sendable, CustomTestStringConvertible {
        var rung: Rung
        var keys: KeyUse?
        var testDescription: String { "\(rung), keys \(keys.map { "\($0)" } ?? "as they are")" }
    }

    private static let places = Rung.allCases.flatMap { rung in
        ([nil] + KeyUse.allCases).map { Place(rung: rung, keys: $0) }
    }

    private static let fresh = [
        Fixtures.association(in: Fixtures.inbound), Fixtures.association(out: Fixtures.outbound),
    ]
    private static let old = [
        Fixtures.association(in: Fixtures.oldInbound), Fixtures.association(out: Fixtures.oldOutbound),
    ]

    /// Sixteen sets of SAs, five out policies, five sets of in and forward policies, four sets of trial policies.
    private static let haves: [Snapshot] = {
        let associations = fresh + old
        let outs: [Policy?] = [
            nil, Fixtures.policy(.out), Fixtures.policy(.out, spi: Fixtures.outbound),
            Fixtures.policy(.out, spi: Fixtures.oldOutbound), Fixtures.policy(.out, spi: .nothing),
        ]
        let inbound: [[Policy]] = [
            [], [Fixtures.policy(.in)], [Fixtures.policy(.forward)], [Fixtures.policy(.in), Fixtures.policy(.forward)],
            [Fixtures.policy(.in, isOptional: true), Fixtures.policy(.forward)],
        ]
        let trials = [
            [], Fixtures.trial(Fixtures.outbound), Fixtures.trial(Fixtures.oldOutbound),
            [Fixtures.trial(Fixtures.outbound)[0]],
        ]
        var haves: [Snapshot] = []
        for subset in 0..<16 {
            let present = associations.indices.filter { subset >> $0 & 1 == 1 }.map { associations[$0] }
            for out in outs {
                for inside in inbound {
                    for trial in trials {
                        haves.append(Fixtures.snapshot(present, [out].compactMap { $0 } + inside + trial))
                    }
                }
            }
        }
        return haves
    }()

    /// What an agent wants that knows of both sets: it names the SA to send with where it stands.
    private static func want(_ place: Place, makes: Bool, _ have: Snapshot) -> EdgeWant {
        var pair = place.keys == nil ? AddressPair(own: Fixtures.own, peer: Fixtures.peer) : Fixtures.pair
        switch place.keys {
        case .used, .only: pair.sending = Fixtures.outbound
        case .old, .held: pair.sending = have.has(old[1]) ? Fixtures.oldOutbound : nil
        case nil: break
        }
        return EdgeWant(
            peer: 2, pairs: [pair], rung: place.rung, keys: place.keys, makesAssociations: makes)
    }

    /// Whether an agent may have the want there: it sends with what stands, and an edge that it leaves with SAs has some.
    private static func isSensible(_ want: EdgeWant, _ have: Snapshot) -> Bool {
        let willHaveFresh = want.makesAssociations || fresh.allSatisfy(have.has)
        switch (want.rung, want.keys) {
        case (.clear, _), (.closed, .old), (.closed, nil): return true
        // It is closed with no keys, or with those alone that it will open with.
        case (.closed, .held), (.closed, .used): return false
        case (_, .only), (_, .used), (.accept, .held): return willHaveFresh
        case (_, .held): return willHaveFresh && have.has(old[1])
        case (.accept, .old): return old.allSatisfy(have.has)
        case (_, .old): return have.has(old[1])
        case (.accept, nil): return have.hasInbound && !have.outbound.isEmpty
        case (_, nil): return pin(want, have).map(have.outbound.contains) ?? false
        }
    }

    /// What is sent with after the plan, where a want makes sense.
    private static func pin(_ want: EdgeWant, _ have: Snapshot) -> SPI? {
        switch want.keys {
        case .used, .only: return Fixtures.outbound
        case .old, .held: return Fixtures.oldOutbound
        case nil:
            if let pinned = have.pin(.pair), pinned != .nothing { return pinned }
            return have.outbound.count == 1 ? have.outbound.first : nil
        }
    }

    /// Applies the plan change by change; what is wrong on the way, in words.
    private func walk(_ have: Snapshot, _ want: EdgeWant) -> (result: Snapshot, faults: [String]) {
        var kernel = ModelKernel(have: have)
        var faults: [String] = []
        let before = EdgeReading.read(have, pairs: want.pairs)
        let lost = Set(have.pins.subtracting(have.outbound))
        let isSensible = Self.isSensible(want, have)
        for change in Plan.changes(have: have, wants: [want], bypass: []) {
            let earlier = kernel.have
            if !kernel.apply(change) { faults.append("the kernel refuses \(change)") }
            let now = kernel.have
            if case .addAssociation(let association) = change {
                let isFreshKey = want.makesAssociations && want.keys ?? .old != .old && want.rung != .clear
                if !isFreshKey || !Self.fresh.contains(association) { faults.append("makes \(association)") }
            }
            let unheld = now.pins.subtracting(now.outbound)
            if !unheld.isSubset(of: isSensible ? lost : lost.union([Fixture.outbound])) {
                faults.append("after \(change) a policy sends with an SA that does not stand")
            }
            if case .deleteAssociation(let id) = change, earlier.pins.contains(id.spi) {
                faults.append("a policy sends with the SA that goes: \(change)")
            }
            if change.isOfPair(.in) || change.isOfPair(.forward), !change.isDeletion, !now.has(.out) {
                faults.append("\(change) before the out policy")
            }
            if change.isOfPair(.out), change.isDeletion, now.has(.in) || now.has(.forward) {
                faults.append("\(change) before the in and forward policies")
            }
            let reading = EdgeReading.read(now, pairs: want.pairs)
            if want.rung.isProtected && before.low.isProtected && !reading.low.isProtected {
                faults.append("after \(change) the edge takes clear")
            }
            if !want.rung.sendsClear && have.has(.out) && !now.has(.out) {
                faults.append("after \(change) the edge sends clear")
            }
        }
        if !Plan.changes(have: kernel.have, wants: [want], bypass: []).isEmpty {
            faults.append("a second plan follows")
        }
        return (kernel.have, faults)
    }

    @Test("Every single change is safe, and the second plan is empty", arguments: places)
    func safe(place: Place) {
        for have in Self.haves {
            for makes in [false, true] {
                let want = Self.want(place, makes: makes, have)
                let (result, faults) = walk(have, want)
                #expect(faults == [], "makes \(makes), from\n\(have)")
                if Self.isSensible(want, have) {
                    let wrong = Self.differences(result, from: have, want)
                    #expect(wrong == [], "makes \(makes), from\n\(have)\nto\n\(result)")
                    if !wrong.isEmpty { return }
                }
                if !faults.isEmpty { return }
            }
        }
    }

    /// How the result is not exactly what the want is, in words.
    private static func differences(_ result: Snapshot, from have: Snapshot, _ want: EdgeWant) -> [String] {
        var wrong: [String] = []
        let reading = EdgeReading.read(result, pairs: want.pairs)
        if reading.low != want.rung || reading.high != want.rung {
            wrong.append("reads \(reading.low)…\(reading.high)")
        }
        let associations = expectedAssociations(have, want)
        if Set(result.associations.map(\.association)) != associations { wrong.append("SAs") }
        let pin = pin(want, have)
        let inbound = [Fixtures.policy(.in), Fixtures.policy(.forward)]
        let policies: [Policy] =
            switch want.rung {
            case .clear, .accept: []
            case .closed: [Fixtures.policy(.out, spi: .nothing)] + inbound
            case .send: [Fixtures.policy(.out, spi: pin)]
            case .enforce: [Fixtures.policy(.out, spi: pin)] + inbound
            }
        let trial = expectedTrial(have, want, associations).map { Fixtures.trial($0) } ?? []
        if Set(result.policies) != Set(policies + trial) { wrong.append("policies") }
        return wrong
    }

    private static func expectedAssociations(_ have: Snapshot, _ want: EdgeWant) -> Set<Association> {
        let present = Set(have.associations.map(\.association))
        switch (want.rung, want.keys) {
        case (.clear, _), (.closed, .old), (.closed, nil): return []
        case (_, .only): return Set(fresh)
        case (_, .old): return present.subtracting(fresh)
        case (_, .held), (_, .used): return want.makesAssociations ? present.union(fresh) : present
        case (_, nil): return present
        }
    }

    /// The SA on trial: a fresh one that nothing else is sent with yet. Where no fresh one is named what was on trial
    /// stays so, as long as its SA stands and nothing else is sent with it; at accept there is always one on trial.
    private static func expectedTrial(_ have: Snapshot, _ want: EdgeWant, _ associations: Set<Association>) -> SPI? {
        switch (want.rung, want.keys) {
        case (.clear, _), (_, .used), (.send, .only), (.enforce, .only): return nil
        case (_, .held), (_, .only): return Fixtures.outbound
        case (.send, .old), (.enforce, .old), (.closed, _): return nil
        case (.accept, _), (_, nil):
            let left = have.associations.map(\.association).filter {
                $0.id.source == Fixtures.own && associations.contains($0)
            }
            let newest = want.rung == .accept ? left.last?.id.spi : nil
            guard let trial = have.pin(.trial), trial != (want.rung.sendsESP ? pin(want, have) : nil),
                associations.contains(Fixtures.association(out: trial))
            else { return newest }
            return trial
        }
    }

    @Test("Foreign objects come out of every plan as they went in", arguments: places)
    func foreign(place: Place) {
        var policy = Fixture.policy(.forward)
        policy.priority = 7
        var association = Fixture.association(in: SPI(rawValue: 0xffff_0001))
        association.reqid = 9
        for have in Self.haves where !have.has(.forward) {
            var kernel = ModelKernel(have: have)
            kernel.have.policies.append(policy)
            kernel.have.associations.append(ObservedAssociation(association: association))
            let want = Self.want(place, makes: true, have)
            let changes = Plan.changes(have: kernel.have, wants: [want], bypass: [])
            let refused = changes.filter { !kernel.apply($0) }
            #expect(refused == (place.rung.isProtected ? [.addPolicy(Fixture.policy(.forward))] : []), "\(have)")
            #expect(kernel.have.policies.contains(policy) && kernel.have.has(association), "\(have)")
        }
    }
}

extension Snapshot {
    enum Purpose { case pair, trial }

    func has(_ association: Association) -> Bool { associations.contains { $0.association == association } }
    /// Whether there is a policy of ours for all of the pair's traffic.
    func has(_ direction: Direction) -> Bool {
        policies.contains {
            Ownership.owns($0) && $0.priority == Ownership.pairPriority && $0.id.direction == direction
        }
    }

    /// The SPI that the out policy of a purpose is pinned to.
    func pin(_ purpose: Purpose) -> SPI? {
        let priority = purpose == .pair ? Ownership.pairPriority : Ownership.trialPriority
        return policies.first { $0.priority == priority && $0.id.direction == .out }.flatMap(\.sentWith)
    }

    /// What out policies of ours send with, ``SPI/nothing`` aside.
    var pins: Set<SPI> {
        Set(policies.filter { Ownership.owns($0) && $0.id.direction == .out }.compactMap(\.sentWith)).subtracting([
            .nothing
        ])
    }

    /// Our SAs to the peer.
    var outbound: Set<SPI> {
        Set(associations.map(\.association).filter { $0.id.source == Fixtures.own && Ownership.owns($0) }.map(\.id.spi))
    }

    var hasInbound: Bool { associations.contains { $0.association.id.destination == Fixtures.own } }
}

extension Policy {
    /// The SPI that it is pinned to.
    var sentWith: SPI? { if case .protect(let template) = action { template.spi } else { nil } }
}

extension Change {
    var isDeletion: Bool {
        switch self {
        case .deletePolicy, .deleteAssociation: true
        case .addPolicy, .updatePolicy, .addAssociation: false
        }
    }

    /// Whether it changes the policy for all of the pair's traffic in this direction.
    func isOfPair(_ direction: Direction) -> Bool {
        let id = Fixtures.policy(direction).id
        switch self {
        case .addPolicy(let policy), .updatePolicy(let policy): return policy.id == id
        case .deletePolicy(let deleted): return deleted == id
        case .addAssociation, .deleteAssociation: return false
        }
    }
}
