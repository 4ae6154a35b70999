import Fleet
import Testing
import XFRM

/// Every mixture of objects that one pair can have, against every rung.
@Suite("From every state, the plan reaches every rung safely")
struct PlanWalkTests {
    typealias Fixture = Fixtures

    private static let foreignPolicy: Policy = {
        var policy = Fixtures.policy(.forward)
        policy.priority = 7
        return policy
    }()
    private static let foreignAssociation: Association = {
        var association = Fixtures.association(in: SPI(rawValue: 0xffff_0001))
        association.reqid = 9
        return association
    }()

    /// Every have-subset: four SAs, four out policies, three in policies, two forward ones.
    private static let haves: [Snapshot] = {
        let associations = [
            Fixtures.association(in: Fixtures.inbound), Fixtures.association(out: Fixtures.outbound),
            Fixtures.association(in: Fixtures.oldInbound), Fixtures.association(out: Fixtures.oldOutbound),
        ]
        let outs: [Policy?] = [
            nil, Fixtures.policy(.out), Fixtures.policy(.out, spi: Fixtures.outbound),
            Fixtures.policy(.out, spi: Fixtures.oldOutbound),
        ]
        let ins: [Policy?] = [nil, Fixtures.policy(.in), Fixtures.policy(.in, isOptional: true)]
        let forwards: [Policy?] = [nil, Fixtures.policy(.forward)]
        var haves: [Snapshot] = []
        for subset in 0..<16 {
            let present = associations.indices.filter { subset >> $0 & 1 == 1 }.map { associations[$0] }
            for out in outs {
                for inside in ins {
                    for forward in forwards {
                        haves.append(Fixtures.snapshot(present, [out, inside, forward].compactMap { $0 }))
                    }
                }
            }
        }
        return haves
    }()

    private func walk(_ have: Snapshot, _ want: EdgeWant) -> Snapshot {
        var kernel = ModelKernel(have: have)
        for change in Plan.changes(have: have, wants: [want], bypass: []) {
            expectSafe(change, kernel.have, want)
            let isMade = kernel.apply(change)
            #expect(isMade, "\(change) from\n\(have)")
        }
        return kernel.have
    }

    /// What must hold at the moment of each single change.
    private func expectSafe(_ change: Change, _ have: Snapshot, _ want: EdgeWant) {
        let inbound = have.associations.contains { $0.association.id.destination == Fixture.own }
        func hasOutbound(_ spi: SPI) -> Bool {
            have.associations.contains { $0.association.id == Fixture.association(out: spi).id }
        }
        switch change {
        case .addPolicy(let policy), .updatePolicy(let policy):
            guard want.rung != .closed, case .protect(let template) = policy.action else { return }
            if policy.id.direction == .out {
                #expect(template.spi.map(hasOutbound) == true, "the SA stands before the policy that sends with it")
            } else {
                #expect(inbound, "the inbound SA stands before the policy that requires it")
                #expect(have.policies.contains { $0.id.direction == .out }, "in and forward come after out")
            }
        case .deleteAssociation(let id):
            guard want.rung != .closed else {
                #expect(have.policies.filter(Ownership.owns).count >= 3, "an edge closes before its SAs go")
                return
            }
            let pins = have.policies.compactMap { policy -> SPI? in
                if case .protect(let template) = policy.action { template.spi } else { nil }
            }
            #expect(!pins.contains(id.spi), "no policy sends with an SA that goes")
        case .deletePolicy(let id):
            guard id.direction == .out else { return }
            let hasInbound = have.policies.contains { Ownership.owns($0) && $0.id.direction != .out }
            #expect(!hasInbound, "in and forward go first")
        case .addAssociation: return
        }
    }

    @Test("With keys every rung is reached, and the second plan is empty", arguments: Rung.allCases)
    func withKeys(rung: Rung) {
        let want = EdgeWant(peer: 2, pairs: [Fixture.pair], rung: rung)
        for have in Self.haves {
            let result = walk(have, want)
            let reading = EdgeReading.read(result, pairs: want.pairs)
            #expect(reading.low == rung && reading.high == rung, "\(reading) from\n\(have)")
            #expect(Plan.changes(have: result, wants: [want], bypass: []) == [], "from\n\(have)")
            expectExact(result, rung)
            let hadAll = Set(have.associations.map(\.association.id.spi))
                .isSuperset(of: [Fixture.inbound, Fixture.outbound])
            if rung == .accept && have.policies.isEmpty && !hadAll {
                #expect(result.associations.count == 2, "nothing of an earlier time is left")
            }
        }
    }

    private func expectExact(_ have: Snapshot, _ rung: Rung) {
        let policies: [Policy] =
            switch rung {
            case .clear, .accept: []
            case .send: [Fixture.policy(.out, spi: Fixture.outbound)]
            case .enforce:
                [Fixture.policy(.out, spi: Fixture.outbound), Fixture.policy(.in), Fixture.policy(.forward)]
            case .closed: [Fixture.policy(.out), Fixture.policy(.in), Fixture.policy(.forward)]
            }
        #expect(Set(have.policies) == Set(policies))
        let spis = Set(have.associations.map(\.association.id.spi))
        let wanted: Set<SPI> = [Fixture.inbound, Fixture.outbound]
        switch rung {
        case .clear, .closed: #expect(spis.isEmpty)
        case .accept, .send, .enforce: #expect(spis.isSuperset(of: wanted))
        }
    }

    @Test("Without keys no SA is ever made, and what stands protected does not fall open", arguments: Rung.allCases)
    func withoutKeys(rung: Rung) {
        let want = EdgeWant(
            peer: 2, pairs: [AddressPair(own: Fixture.own, peer: Fixture.peer)], rung: rung)
        for have in Self.haves {
            let before = EdgeReading.read(have, pairs: want.pairs)
            let result = walk(have, want)
            let after = EdgeReading.read(result, pairs: want.pairs)
            let known = Set(have.associations.map(\.association.id))
            #expect(Set(result.associations.map(\.association.id)).isSubset(of: known))
            if rung.isProtected && before.low.isProtected { #expect(after.low.isProtected) }
            #expect(Plan.changes(have: result, wants: [want], bypass: []) == [], "from\n\(have)")
        }
    }

    @Test("Foreign objects come out of every plan as they went in", arguments: Rung.allCases)
    func foreign(rung: Rung) {
        let want = EdgeWant(peer: 2, pairs: [Fixture.pair], rung: rung)
        for have in Self.haves where !have.policies.contains(where: { $0.id == Self.foreignPolicy.id }) {
            var kernel = ModelKernel(have: have)
            kernel.have.policies.append(Self.foreignPolicy)
            kernel.have.associations.append(ObservedAssociation(association: Self.foreignAssociation))
            let changes = Plan.changes(have: kernel.have, wants: [want], bypass: [])
            for change in changes {
                let isMade = kernel.apply(change)
                #expect(isMade || change == .addPolicy(Fixture.policy(.forward)), "\(change)")
            }
            #expect(kernel.have.policies.contains(Self.foreignPolicy))
            #expect(kernel.have.associations.contains { $0.association == Self.foreignAssociation })
            if rung.isProtected {
                #expect(changes.contains(.addPolicy(Fixture.policy(.forward))), "the kernel is asked, and refuses")
            }
        }
    }
}
