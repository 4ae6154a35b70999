import Fleet
import Ladder
import Ports
import Simulated
import Testing
import XFRM

@testable import Agent
@testable import Coordinator

@Suite("A fleet of real coordinator and agents")
struct FleetTests {
    @Test(
        "On and off again: every edge of every kernel goes along, and each SA's key is installed once",
        arguments: [2, 4])
    func onAndOff(count: Int) async throws {
        let fleet = try await SmallFleet(count)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            #expect(fleet.coordinator.status().enabled)
            for kernel in fleet.kernels {
                let snapshot = try await kernel.snapshot()
                #expect(snapshot.associations.count == 2 * 2 * (count - 1))
            }
            #expect(await fleet.setEnabled(true) == .unchanged)
            #expect(await fleet.setEnabled(false) == .done)
            #expect(!fleet.coordinator.status().enabled)
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
            #expect(await fleet.setEnabled(true) == .done)
            for kernel in fleet.kernels { #expect(await kernel.keysInstalledAgain == 0) }
        }
    }

    @Test("A refusing kernel takes everyone back to clear; the answer has its words, and the next call works")
    func refusal() async throws {
        let fleet = try await SmallFleet(3)
        try await fleet.run {
            let words = KernelError(operation: "XFRM_MSG_NEWPOLICY", code: 17, message: "File exists: not ours")
            await fleet.kernels[1].refuse(words) {
                if case .addPolicy(let policy) = $0 {
                    policy.id.direction == .out && policy.action != .bypass
                } else {
                    false
                }
            }

            let answer = await fleet.setEnabled(true)

            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.cause == .enableFailed)
            #expect(failure.reasons.map(\.node?.text) == ["node2"])
            #expect(failure.reasons[0].message.contains("File exists: not ours"))
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
            #expect(await fleet.setEnabled(true) == .done)
        }
    }

    @Test("A kernel without ESP is refused before anything has changed")
    func unsupported() async throws {
        let fleet = try await SmallFleet(2, lacking: [1: "Requested type not found"])
        try await fleet.run {
            let answer = await fleet.setEnabled(true)

            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.cause == .unsupported)
            #expect(failure.reasons.map(\.message) == ["Requested type not found"])
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
        }
    }

    @Test("An agent of another protocol makes the cluster unsupported")
    func olderProtocol() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            fleet.bus.announce(protocolVersion: 0, from: 2)
            // The announcement and the call go through one inbox by two ways: ask until it has arrived.
            var answer = await fleet.setEnabled(true)
            if answer == .done {
                _ = await fleet.setEnabled(false)
                answer = await fleet.setEnabled(true)
            }
            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.cause == .unsupported)
            #expect(failure.reasons.map(\.node?.text) == ["node2"])
        }
    }

    @Test(
        "A call with the same target joins; one with the opposite supersedes, and each is answered what is true for it")
    func callsAtOnce() async throws {
        let fleet = try await SmallFleet(2, drainMilliseconds: 300)
        try await fleet.run {
            async let first = fleet.setEnabled(true)
            try await eventually("the rollout runs") { fleet.coordinator.status().rollouts.first?.outcome == .running }
            async let second = fleet.setEnabled(true)
            try await eventually("the drain") { fleet.coordinator.status().rollouts.first?.steps.last?.name == "send" }
            async let third = fleet.setEnabled(false)

            for answer in await [first, second] {
                guard case .failed(let failure) = answer else { return #expect(Bool(false), "on was not superseded") }
                #expect(failure.reasons.map(\.message) == ["superseded by a call of test"])
            }
            #expect(await third == .done)

            #expect(fleet.coordinator.status().rollouts.map(\.kind) == [.disable, .enable])
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
        }
    }

    @Test("A silent node: the answer names it, and when it is back the fleet comes to one state")
    func silentNode() async throws {
        let fleet = try await SmallFleet(3, rungMilliseconds: 300)
        try await fleet.run {
            fleet.bus.cutOff(3)
            let answer = await fleet.setEnabled(true)
            guard case .failed(let failure) = answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.reasons.map(\.node?.text) == ["node3"])
            for kernel in fleet.kernels { try await expectEmpty(kernel) }

            fleet.bus.joinAgain(3)
            try await eventually("a call works again") {
                await fleet.setEnabled(true) == .done
            }
            #expect(fleet.coordinator.status().enabled)
        }
    }

    @Test("Without a journal nothing is ordered")
    func journalFails() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            await fleet.journal.fail(with: JournalError(operation: "record", message: "disk full"))

            let answer = await fleet.setEnabled(true)

            guard case .failed = answer else { return #expect(Bool(false), "the call did not fail") }
            let orders = fleet.bus.sent.filter { if case .order = $0.message { true } else { false } }
            #expect(orders.isEmpty)
            await fleet.journal.fail(with: nil)
            #expect(await fleet.setEnabled(true) == .done)
        }
    }

    @Test("No node enrolled is a failure with that reason; one node needs no SA")
    func smallestFleets() async throws {
        let none = try await SmallFleet(0)
        try await none.run {
            guard case .failed(let failure) = await none.setEnabled(true) else {
                return #expect(Bool(false), "the call did not fail")
            }
            #expect(failure.reasons.map(\.message) == ["no node is enrolled"])
        }
        let one = try await SmallFleet(1)
        try await one.run {
            #expect(await one.setEnabled(true) == .done)
            #expect(one.coordinator.status().enabled)
        }
    }
}
