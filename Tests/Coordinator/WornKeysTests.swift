import Fleet
import Ladder
import LinuxHost
import Ports
import Simulated
import Testing

@testable import Coordinator

@Suite("Keys are changed without a call")
struct WornKeysTests {
    private static let packets: UInt64 = 1_000

    private static func fleet(absent: AbsentPolicy = .refuse) async throws -> SmallFleet {
        try await SmallFleet(3, absent: absent) { $0.rotation = .init(packets: Self.packets) }
    }

    private static func isOverdue(_ node: NodeStatus) -> Bool {
        node.problems.contains { $0.hasPrefix("a rotation of keys is overdue: ") }
    }

    @Test(
        "A dead node does not keep worn keys in use between the others, whatever the policy",
        arguments: AbsentPolicy.allCases)
    func deadNode(absent: AbsentPolicy) async throws {
        let fleet = try await Self.fleet(absent: absent)
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let before = try await fleet.spis()
            fleet.bus.cutOff(3)
            try await eventually("node3 is absent") { !fleet.coordinator.status().nodes[2].isPresent }
            await fleet.kernels[0].setPackets(Self.packets)

            try await eventually("the others have new keys") { fleet.outcomes(.rotate) == [.success] }
            #expect(try await !fleet.spis().isSubset(of: before))
            #expect(fleet.coordinator.status().enabled)
        }
    }

    @Test("What an absent node said of its SAs counts no more")
    func absentNodesCount() async throws {
        var rotating = Rotating(.init(packets: Self.packets))
        rotating.note(Self.packets, sentBy: 1)

        #expect(rotating.cause(at: Instant(milliseconds: 1)) { $0 != 1 } == nil)
        #expect(rotating.cause(at: Instant(milliseconds: 1)) { _ in true } == .packets)
        rotating.forget(1)
        #expect(rotating.cause(at: Instant(milliseconds: 1)) { _ in true } == nil)
    }

    @Test(
        "A count that stays above the limit, as of SAs to a dead node or of a node that lies, changes keys at a set pace"
    )
    func pace() async throws {
        let fleet = try await Self.fleet()
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let clock = BootClock()
            let start = clock.now()
            let lie = NodeHeartbeat(sequence: 0, accepted: .none, standing: nil, packets: 1 << 56, problems: [])

            for _ in 0..<30 {
                fleet.bus.say(.heartbeat(lie), as: 2)
                // Behind the heartbeat, and behind a rotation that it began.
                #expect(await fleet.perform(.rollout(.prepare, absent: nil)) == .unchanged)
            }

            let pauses = clock.now().microseconds(since: start) / 1_000 / Rotating.pauseMilliseconds
            #expect(UInt64(fleet.outcomes(.rotate).count) <= 1 + pauses)
            #expect(fleet.outcomes(.rotate).last == .success)
        }
    }

    @Test(
        "A rotation that cannot be done is tried again at a set pace, and the nodes in its way say that it is overdue")
    func refusedRotation() async throws {
        let fleet = try await Self.fleet()
        try await fleet.run {
            #expect(await fleet.setEnabled(true) == .done)
            let address = try #require(Address("10.77.0.3"))
            fleet.probes[0].find(.silent, at: address)
            await fleet.kernels[0].setPackets(Self.packets)

            try await eventually("node1 says so") { Self.isOverdue(fleet.coordinator.status().nodes[0]) }
            #expect(!Self.isOverdue(fleet.coordinator.status().nodes[1]))
            #expect(await fleet.coordinator.rotating.backoff.milliseconds > Rotating.pauseMilliseconds)
            fleet.probes[0].find(nil, at: address)
            #expect(await fleet.perform(.rollout(.rotate, absent: nil)) == .done)
            #expect(!fleet.coordinator.status().nodes.contains(where: Self.isOverdue))
        }
    }

    @Test("By age: a try that was put off comes again after the pause, not after the whole time")
    func age() {
        let hour: UInt64 = 3_600_000
        var rotating = Rotating(.init(everyMilliseconds: hour))
        rotating.begin(at: Instant(milliseconds: 0))
        func cause(_ milliseconds: UInt64) -> Rotating.Cause? {
            rotating.cause(at: Instant(milliseconds: milliseconds)) { _ in true }
        }

        #expect(cause(hour - 1) == nil)
        #expect(cause(hour) == .age)
        var now = hour
        var pause = Rotating.pauseMilliseconds
        for _ in 0..<10 {
            rotating.noteTry(at: Instant(milliseconds: now))
            rotating.noteFailure([2: ["this node is absent"]])
            #expect(cause(now + pause - 1) == nil)
            #expect(cause(now + pause) == .age)
            #expect(rotating.hindrances.keys.sorted() == [2])
            now += pause
            pause = min(2 * pause, Rotating.pauseMillisecondsMaximum)
        }
        rotating.noteSuccess(at: Instant(milliseconds: now))
        #expect(cause(now + hour - 1) == nil)
        #expect(rotating.hindrances.isEmpty)
    }
}
