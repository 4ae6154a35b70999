import Fleet
import Ladder
import Ports
import Simulated
import Testing
import XFRM

@testable import Agent
@testable import Coordinator

@Suite("Keys are changed and nodes come and go without the others noticing")
struct RotationTests {
    @Test("A rotation gives every edge new SAs at enforce and leaves one set everywhere")
    func rotation() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            #expect(await fleet.perform(.rollout(.rotate, absent: nil)) == .unchanged)
            #expect(await fleet.setEnabled(true) == .done)
            let before = try await fleet.spis()

            #expect(await fleet.perform(.rollout(.rotate, absent: nil)) == .done)

            #expect(fleet.coordinator.status().enabled)
            #expect(try await fleet.spis().isDisjoint(with: before))
            try await fleet.expectProtected()
            for kernel in fleet.kernels { #expect(await kernel.keysInstalledAgain == 0) }
        }
    }

    @Test("A rotation whose probe finds a blocked edge goes back to the old keys, and names both ends")
    func blockedRotation() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let before = try await fleet.spis()
            let address = try #require(Address("10.77.0.3"))
            fleet.probes[0].find(.silent, at: address)

            guard case .failed(let failure) = await fleet.perform(.rollout(.rotate, absent: nil)) else {
                return #expect(Bool(false), "the rotation did not fail")
            }

            #expect(failure.cause == .enableFailed)
            #expect(failure.reasons.map(\.node?.text) == ["node1"])
            #expect(failure.reasons[0].message.hasPrefix("to node3: no echo through ESP"))
            #expect(try await fleet.spis() == before)
            try await fleet.expectProtected()
        }
    }

    @Test("A blocked edge fails a climb before any traffic has moved")
    func blockedClimb() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            let address = try #require(Address("fd77::2"))
            fleet.probes[0].find(.tooLarge(bytes: 1_500), at: address)

            guard case .failed(let failure) = await fleet.setEnabled(true) else {
                return #expect(Bool(false), "the call did not fail")
            }

            #expect(failure.reasons.count == 1)
            #expect(failure.reasons[0].message.contains("ESP packets of 1500 bytes"))
            for kernel in fleet.kernels {
                let out = await kernel.transcript.filter { $0.contains("policy add") && $0.contains("priority 10150") }
                #expect(out.isEmpty)
                try await expectEmpty(kernel)
            }
        }
    }

    @Test(
        "Another replay window takes effect by a rotation; while off it is only kept",
        arguments: [0, 1_024] as [UInt32])
    func replayWindow(window: UInt32) async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            #expect(await fleet.perform(.configure(enabled: nil, replayWindow: 256)) == .unchanged)
            #expect(fleet.coordinator.status().replayWindow == 256)
            #expect(await fleet.setEnabled(true) == .done)
            #expect(await fleet.perform(.configure(enabled: nil, replayWindow: window)) == .done)

            #expect(fleet.coordinator.status().replayWindow == window)
            for kernel in fleet.kernels {
                let windows = try await kernel.snapshot().associations.map(\.association.replayWindow)
                #expect(Set(windows) == [window])
            }
            #expect(await fleet.journal.state.replayWindow == window)
        }
    }

    @Test(
        "A rollout that brings a window brings it although its coordinator dies",
        arguments: [RolloutKind.rotate, .enable])
    func windowAcrossRestart(kind: RolloutKind) async throws {
        let earlier = try await SmallFleet(2)
        try await earlier.run { if kind == .rotate { #expect(await earlier.setEnabled(true) == .done) } }
        let begun = MemoryJournal(restoring: await earlier.journal.state)
        try await begun.record([.began(rollout: 9, kind: kind, absent: .refuse, user: "test", replayWindow: 256)])
        let fleet = try await SmallFleet(2, after: earlier, journal: begun)

        try await fleet.run {
            try await eventually("it has ended") { fleet.outcomes(kind) == [.success] }
            #expect(fleet.coordinator.status().replayWindow == 256)
            #expect(await begun.state.replayWindow == 256)
            try await fleet.expectWindow(256)
        }
    }

    @Test("SAs that stand prepared get the window that was chosen after them")
    func windowAfterPreparing() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            #expect(await fleet.perform(.rollout(.prepare, absent: nil)) == .done)
            #expect(await fleet.perform(.configure(enabled: nil, replayWindow: 256)) == .unchanged)
            #expect(await fleet.setEnabled(true) == .done)
            try await fleet.expectWindow(256)
            try await fleet.expectProtected()
        }
    }

    @Test("A node that a rotation went on without gets new keys when it is back, also from another coordinator process")
    func rotationAcrossRestart() async throws {
        let earlier = try await SmallFleet(3)
        try await earlier.run {
            #expect(await earlier.setEnabled(true) == .done)
            earlier.bus.cutOff(3)
            try await eventually("node3 is absent") { !earlier.coordinator.status().nodes[2].isPresent }
            #expect(await earlier.perform(.rollout(.rotate, absent: .proceed)) == .done)
        }
        let before = Set(try await earlier.kernels[2].snapshot().associations.map(\.association.id))
        #expect(before.count == 8)
        let fleet = try await SmallFleet(3, after: earlier)

        try await fleet.run {
            try await eventually("node3 has new keys") {
                let now = try? await fleet.kernels[2].snapshot().associations.map(\.association.id)
                return now.map { $0.count == 8 && before.isDisjoint(with: $0) } ?? false
            }
        }
    }

    @Test("An SA that somebody deletes gets fresh keys, and no other edge is touched")
    func deletedAssociation() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let third = try await fleet.kernels[2].snapshot().associations
            let victim = try #require(
                try await fleet.kernels[0].snapshot().associations.first {
                    $0.association.id.destination == Address("10.77.0.2")
                })

            await fleet.kernels[0].remove(victim.association.id)

            try await eventually("the edge has fresh keys") {
                fleet.coordinator.status().rollouts.first { $0.kind == .converge }?.outcome == .success
            }
            try await fleet.expectProtected()
            #expect(try await fleet.kernels[2].snapshot().associations == third)
            for kernel in fleet.kernels { #expect(await kernel.keysInstalledAgain == 0) }
        }
    }

    @Test("A policy that somebody deletes is put back by the agent itself, with the keys that stand")
    func deletedPolicy() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let before = try await fleet.kernels[0].snapshot()
            for policy in before.policies where policy.priority == Ownership.pairPriority {
                await fleet.kernels[0].remove(policy.id)
            }

            try await eventually("the policies are back") {
                let now = try? await fleet.kernels[0].snapshot()
                return now.map { Set($0.policies) == Set(before.policies) && $0.associations == before.associations }
                    ?? false
            }
            try await eventually("the operator hears of it") {
                fleet.coordinator.status().nodes[0].problems.contains { $0.contains("they were put back") }
            }
        }
    }

    @Test("Without the absent: refused by name, or gone on with while its peers close the edges to it")
    func absentNode() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            fleet.bus.cutOff(3)
            try await eventually("node3 is absent") { !fleet.coordinator.status().nodes[2].isPresent }
            guard case .failed(let failure) = await fleet.setEnabled(true) else {
                return #expect(Bool(false), "the call did not fail")
            }
            #expect(failure.reasons.map(\.node?.text) == ["node3"])
            for kernel in fleet.kernels { try await expectEmpty(kernel) }

            #expect(await fleet.perform(.rollout(.enable, absent: .proceed)) == .done)

            #expect(fleet.coordinator.status().enabled)
            let closed = try await fleet.kernels[0].snapshot().policies.filter { $0.sendingSPI == .nothing }
            #expect(closed.map(\.id.selector.destination.address) == [Address("10.77.0.3"), Address("fd77::3")])
            try await expectEmpty(fleet.kernels[2])

            fleet.bus.joinAgain(3)
            try await eventually("node3 climbs by itself") {
                let policies = (try? await fleet.kernels[2].snapshot().policies) ?? []
                return policies.filter { $0.priority == Ownership.pairPriority }.count == 12
            }
            try await eventually("all is protected") { fleet.coordinator.status().enabled }
            try await eventually("and nothing is left to do") {
                fleet.coordinator.status().rollouts.first?.outcome == .success
            }
            try await fleet.expectProtected()
            #expect(fleet.coordinator.status().nodes[2].joinMicroseconds != nil)
        }
    }

    @Test("A way back across a restart opens again what was closed to an absent node")
    func wayBackAcrossRestart() async throws {
        let earlier = try await SmallFleet(3)
        try await earlier.run(without: 3) {
            #expect(await earlier.perform(.rollout(.enable, absent: .proceed)) == .done)
            let closed = try await earlier.kernels[0].snapshot().policies.filter { $0.sendingSPI == .nothing }
            #expect(closed.count == 2)
        }
        var state = await earlier.journal.state
        state.desired = false
        state.open = .init(id: state.rollout, kind: .enable, absent: .proceed, user: "test", isWayBack: true)
        let journal = MemoryJournal(restoring: state)
        let fleet = try await SmallFleet(3, after: earlier, journal: journal)

        try await fleet.run(without: 3) {
            try await eventually("it has ended") { fleet.outcomes(.enable) == [.failure] }
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
            #expect(await journal.batches.joined().contains { if case .plan(_, _, true) = $0 { true } else { false } })
        }
    }

    @Test("What an inspection has found stays known where a call breaks the next one off")
    func inspectionBrokenOff() async throws {
        let fleet = try await SmallFleet(3) { $0.inspectionMilliseconds = 50 }
        /// Each inspection asks under a generation of its own.
        @Sendable func inspections() -> Set<Generation> {
            Set(
                fleet.bus.sent.compactMap { delivery in
                    guard case .order(let order) = delivery.message, order.task.name == "probe" else { return nil }
                    return order.stamp.generation
                })
        }
        @Sendable func isBlocked() -> Bool {
            let nodes = fleet.coordinator.status().nodes
            return nodes[0].problems.contains { $0.hasPrefix("to node3: no echo") }
                && nodes[2].problems.contains { $0.hasPrefix("from node1: no echo") }
        }
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let address = try #require(Address("10.77.0.3"))
            fleet.probes[0].find(.silent, at: address)
            try await eventually("it is found") { isBlocked() }
            let before = inspections()
            fleet.probes[0].stall(true)
            try await eventually("an inspection waits") { inspections() != before }

            let unknown = try #require(NodeName("unknown"))
            guard case .failed(let failure) = await fleet.perform(.release(unknown)) else {
                return #expect(Bool(false), "an unknown node was released")
            }
            #expect(failure.cause == .unknownNode)
            #expect(isBlocked())
            fleet.probes[0].find(nil, at: address)
            fleet.probes[0].stall(false)
            try await eventually("one that ends finds nothing any more") { !isBlocked() }
        }
    }

    @Test("A living node descends before it leaves; a dead one's addresses are closed until they are released")
    func leaving() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let second = try #require(NodeName("node2"))
            #expect(await fleet.perform(.remove(second)) == .done)
            try await expectEmpty(fleet.kernels[1])
            #expect(fleet.coordinator.status().enabled)
            #expect(fleet.coordinator.status().nodes.map(\.name.text) == ["node1", "node3"])

            let third = try #require(NodeName("node3"))
            fleet.bus.cutOff(3)
            try await eventually("node3 is absent") { !fleet.coordinator.status().nodes[1].isPresent }
            #expect(await fleet.perform(.remove(third)) == .done)
            #expect(fleet.coordinator.status().nodes.map(\.isQuarantined) == [false, true])
            try await eventually("its peer closes the edge") {
                let snapshot = try? await fleet.kernels[0].snapshot()
                return snapshot?.associations.isEmpty == true
                    && snapshot?.policies.filter { $0.sendingSPI == .nothing }.count == 2
            }
            #expect(await fleet.perform(.release(third)) == .done)
            try await eventually("its addresses are free") {
                let policies = (try? await fleet.kernels[0].snapshot().policies) ?? []
                return !policies.contains { $0.priority == Ownership.pairPriority }
            }
            guard case .failed(let failure) = await fleet.perform(.remove(third)) else {
                return #expect(Bool(false), "a node that has left was removed")
            }
            #expect(failure.cause == .unknownNode)
        }
    }

    @Test("A node's own rules outrank the coordinator: minimum_rung keeps an edge up, a pin refuses another key")
    func rules() async throws {
        let fleet = try await SmallFleet(2, rules: [0: NodeRules(minimumRung: .enforce)])
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            guard case .failed(let failure) = await fleet.setEnabled(false) else {
                return #expect(Bool(false), "the edge went down")
            }
            #expect(failure.cause == .disableFailed)
            #expect(failure.reasons.contains { $0.message.contains("minimum_rung is enforce") })
            try await eventually("all is as before") { fleet.coordinator.status().enabled }
        }
        let name = try #require(NodeName("node2"))
        let pin = NodeRules.Pin(identityKey: [UInt8](repeating: 1, count: 32), addresses: [])
        let pinned = try await SmallFleet(2, rules: [0: NodeRules(pins: [name: pin])])
        try await pinned.run {
            guard case .failed(let failure) = await pinned.setEnabled(true) else {
                return #expect(Bool(false), "a peer with another key was taken")
            }
            #expect(
                failure.reasons.map(\.message) == ["the roster gives node2 another identity key than is pinned here"])
            for kernel in pinned.kernels { try await expectEmpty(kernel) }
        }
    }

    @Test("A last step down that a node's own rule refuses answers the call, and is not tried again without a pause")
    func refusedCleaning() async throws {
        let fleet = try await SmallFleet(2, rules: [0: NodeRules(minimumRung: .accept)])
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            #expect(await fleet.setEnabled(false) == .done)

            try await eventually("a try without a call") { fleet.outcomes(.converge).contains(.success) }
            #expect(await fleet.coordinator.converging.backoff.milliseconds > Converging.pauseMilliseconds)
        }
    }

    @Test("A prepared fleet stands at accept, and stays there until it is asked for more")
    func prepare() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            #expect(await fleet.perform(.rollout(.prepare, absent: nil)) == .done)
            #expect(!fleet.coordinator.status().enabled)
            #expect(fleet.coordinator.status().nodes.allSatisfy { $0.rung == .accept })
            #expect(await fleet.perform(.rollout(.prepare, absent: nil)) == .unchanged)
            #expect(await fleet.setEnabled(true) == .done)
            try await fleet.expectProtected()
        }
    }
}
