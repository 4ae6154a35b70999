internal import BusProtocol
internal import Fleet
internal import Ladder

/// Messages to frames and back: one of each that a toggle sends, then those that grow with the fleet.
extension MicroCase {
    /// Sizes of the fleet for what every node gets all of.
    private static let sizes = [100, 1_000, 10_000]

    static var messages: [MicroCase] {
        orders("order") { .order(try MicroFleet(2).order()) }
            + reports("report") { .report(report) }
            + reports("heartbeat") {
                let spare = try MicroFleet(2).offer(of: 1)
                return .heartbeat(
                    NodeHeartbeat(
                        sequence: 70_000, accepted: Stamp(generation: MicroFleet.generation, step: 2),
                        standing: MicroFleet.standing(), packets: 5_000_000, problems: [], spare: spare))
            }
    }

    static var rosters: [MicroCase] { sizes.flatMap { n in grown("roster", n) { $0.welcome() } } }
    static var offers: [MicroCase] { sizes.flatMap { n in grown("offers", n) { $0.share() } } }

    private static var report: Report {
        Report(
            answering: Stamp(generation: MicroFleet.generation, step: 2), sequence: 70_000, verdict: .done,
            standing: MicroFleet.standing())
    }

    private static func grown(
        _ name: String, _ n: Int, _ message: @escaping (MicroFleet) -> CoordinatorMessage
    ) -> [MicroCase] {
        let bytes = Content.bytes { try WireCodec.encode(message(try MicroFleet(n))).count }
        return [MicroCase("\(name)_bytes", n: n, benchmark: "toggle", bytes)]
            + orders(name, n: n, benchmark: "toggle") { message(try MicroFleet(n)) }
    }

    private static func orders(
        _ name: String, n: Int = 1, benchmark: String = "micro", _ make: @escaping () throws -> CoordinatorMessage
    ) -> [MicroCase] {
        [
            calls("\(name)_encode", n: n, benchmark: benchmark) {
                let message = try make()
                return { try WireCodec.encode(message) }
            },
            calls("\(name)_decode", n: n, benchmark: benchmark) {
                let message = try make()
                let frame = try WireCodec.encode(message)
                guard try WireCodec.coordinatorMessage(frame) == message else {
                    throw MicroError("\(name): another message is read back")
                }
                return { try WireCodec.coordinatorMessage(frame) }
            },
        ]
    }

    private static func reports(_ name: String, _ make: @escaping () throws -> AgentMessage) -> [MicroCase] {
        [
            calls("\(name)_encode") {
                let message = try make()
                return { try WireCodec.encode(message) }
            },
            calls("\(name)_decode") {
                let message = try make()
                let frame = try WireCodec.encode(message)
                guard try WireCodec.agentMessage(frame) == message else {
                    throw MicroError("\(name): another message is read back")
                }
                return { try WireCodec.agentMessage(frame) }
            },
        ]
    }
}
