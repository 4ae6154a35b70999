import Fleet
import Ladder
import Ports
import Simulated
import Testing

@testable import Coordinator

@Suite("Calls that meet others")
struct CallsTests {
    enum Other: CaseIterable { case rotate, replayWindow, remove }

    private static func request(_ other: Other) throws -> FleetRequest {
        switch other {
        case .rotate: .rollout(.rotate, absent: nil)
        case .replayWindow: .configure(enabled: nil, replayWindow: 256)
        case .remove: .remove(try #require(NodeName("node3")))
        }
    }

    private static func isDraining(_ fleet: SmallFleet) -> Bool {
        let newest = fleet.coordinator.status().rollouts.first
        return newest?.outcome == .running && newest?.steps.contains { $0.name == "accept" } ?? false
    }

    @Test("A coordinator that ends answers the call that nobody has heard yet, and every later one")
    func ended() async throws {
        let fleet = try await SmallFleet(2)
        let request = FleetRequest.configure(enabled: true, replayWindow: nil)
        async let early = fleet.coordinator.perform(request, requestedBy: "test")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await fleet.coordinator.run() }
            group.cancelAll()
        }

        #expect(await early.failure != nil)
        #expect(await fleet.coordinator.perform(request, requestedBy: "test").failure != nil)
    }

    @Test("Turning off is not given up for a call that is not its opposite: that one waits", arguments: Other.allCases)
    func unrelated(other: Other) async throws {
        let fleet = try await SmallFleet(3, drainMilliseconds: 300)
        let request = try Self.request(other)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            async let off = fleet.setEnabled(false)
            try await eventually("the drain") { Self.isDraining(fleet) }
            async let answer = fleet.perform(request)

            #expect(await off == .done)
            #expect(await answer == (other == .remove ? .done : .unchanged))
            for kernel in fleet.kernels { try await expectEmpty(kernel) }
        }
    }

    @Test("A call joins only a rollout that treats absent nodes as it asks")
    func otherPolicy() async throws {
        let fleet = try await SmallFleet(2, drainMilliseconds: 300)
        try await fleet.run {
            async let first = fleet.setEnabled(true)
            try await eventually("the rollout runs") { fleet.outcomes(.enable) == [.running] }
            async let same = fleet.setEnabled(true)
            // One that comes after a call that waits waits as well.
            try await eventually("the same call has joined") { await fleet.coordinator.joined.count == 2 }
            async let other = fleet.perform(.rollout(.enable, absent: .proceed))

            #expect(await first == .done)
            #expect(await same == .done)
            #expect(await other == .unchanged)
        }
    }

    @Test("A rollout under way says how many nodes have answered its step, and one that has ended says none")
    func progress() async throws {
        let fleet = try await SmallFleet(3, rungMilliseconds: 2_000)
        try await fleet.run {
            fleet.bus.cutOff(3)
            async let answer = fleet.setEnabled(true)
            try await eventually("two of three have answered") {
                fleet.coordinator.status().rollouts.first?.progress
                    == .init(step: "preflight", nodes: 3, nodesDone: 2)
            }

            #expect(await answer != .done)
            #expect(fleet.coordinator.status().rollouts.first?.progress == nil)
        }
    }

    @Test("A call that waits longer than a rollout may take is refused, and nothing comes of it")
    func waitsTooLong() async throws {
        let clock = LeapingClock()
        let fleet = try await SmallFleet(3, drainMilliseconds: 2_000, clock: clock)
        let request = try Self.request(.remove)
        try await fleet.run {
            async let on = fleet.setEnabled(true)
            try await eventually("the rollout runs") { fleet.outcomes(.enable) == [.running] }
            async let answer = fleet.perform(request)
            try await eventually("the call waits") { await !fleet.coordinator.waiting.isEmpty }
            clock.leap(milliseconds: Coordinator.waitMilliseconds + 1)

            guard case .failed(let failure) = await answer else { return #expect(Bool(false), "the call did not fail") }
            #expect(failure.reasons.map(\.message) == ["did not begin within 25 s: what was under way has not ended"])
            _ = await on
            #expect(fleet.outcomes(.leave).isEmpty)
            #expect(fleet.coordinator.status().nodes.count == 3)
        }
    }
}
