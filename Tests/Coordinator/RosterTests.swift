import Fleet
import Ladder
import LinuxHost
import MeshKeys
import Ports
import Simulated
import Testing

@testable import Agent
@testable import Coordinator

@Suite("A roster is sent once")
struct RosterTests {
    @Test("An agent that connects anew names the roster that it holds, and a welcome without one is for that")
    func agentHoldsIt() async throws {
        let lone = try await LoneAgent()
        try await lone.run {
            await lone.welcome(lone.roster)
            let first = try await lone.order(.observe, 1, 1)
            #expect(first.verdict == .done)
            #expect(lone.hellos.map(\.roster) == [nil])

            lone.bus.cutOff(1)
            lone.bus.joinAgain(1)
            try await eventually("another hello") { lone.hellos.count == 2 }
            #expect(lone.hellos.last?.roster == RosterVersion(of: lone.roster))

            await lone.welcome(nil)
            let second = try await lone.order(.observe, 1, 2)
            #expect(second.verdict == .done)
        }
    }

    @Test("An agent that holds no roster takes no order after a welcome without one")
    func agentHoldsNone() async throws {
        let lone = try await LoneAgent()
        try await lone.run {
            await lone.welcome(nil)
            let report = try await lone.order(.observe, 1, 1)
            #expect(report.verdict == .missing(.roster))
        }
    }

    @Test("A coordinator sends its roster to who names none or another one, and to who says that it is missing")
    func coordinator() async throws {
        let fleet = try await SmallFleet(2)
        try await fleet.run {
            func welcomes() -> [Roster?] {
                fleet.bus.sent.compactMap { delivery in
                    guard case .welcome(let welcome) = delivery.message, delivery.nodes == [1] else { return nil }
                    return .some(welcome.roster)
                }
            }
            #expect(await fleet.setEnabled(true) == .done)
            let first = welcomes()
            #expect(!first.isEmpty && first.allSatisfy { $0 != nil })
            let roster = try #require(first.first ?? nil)

            fleet.bus.cutOff(1)
            fleet.bus.joinAgain(1)
            try await eventually("another welcome") { welcomes().count == first.count + 1 }
            #expect(welcomes().last == .some(nil))
            // The fleet goes on with it.
            #expect(await fleet.setEnabled(false) == .done)

            var other = roster
            other.sequence += 1
            let hello = Hello(
                protocolVersion: protocolVersion, bootID: [UInt8](repeating: 1, count: 16), incarnation: 7, epoch: nil,
                newest: .none, roster: RosterVersion(of: other))
            let before = welcomes().count
            fleet.bus.say(.hello(hello), as: 1)
            try await eventually("a welcome for the other roster") { welcomes().count > before }
            #expect(welcomes()[before] == .some(roster))
        }
    }
}
