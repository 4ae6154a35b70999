import Fleet
import Ladder
import Logging
import Ports
import Simulated
import Synchronization
import Testing

@testable import Coordinator

/// Keeps the lines that are logged.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func count(_ line: String) -> Int { lines.withLock { $0.count { $0 == line } } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.add("\(event.message)") }
    }
}

@Suite("The log")
struct LogFloodTests {
    @Test("A node that says one thing after another does not fill the log, and the status has its last word")
    func flood() async throws {
        let lines = Lines()
        let fleet = try await SmallFleet(1, logger: lines.logger)
        try await fleet.run {
            func complain(_ number: UInt64) {
                let beat = NodeHeartbeat(sequence: 0, accepted: .none, standing: nil, problems: ["problem \(number)"])
                fleet.bus.say(.heartbeat(beat), as: 1)
            }
            for number in 1...500 as ClosedRange<UInt64> {
                complain(number)
                let report = Report(
                    answering: .none, sequence: 0,
                    verdict: .stale(newest: Stamp(generation: Generation(1 << 40 + number), step: 1)), standing: nil)
                fleet.bus.say(.report(report), as: 1)
            }
            try await eventually("the last word") {
                // The agent beside it says that it has none.
                complain(500)
                return fleet.coordinator.status().nodes[0].problems == ["problem 500"]
            }

            // The test and the agent beside it may take longer than one interval.
            #expect(lines.count("node is degraded") < 50)
            #expect((1..<50).contains(lines.count("a node claims an impossible generation")))
        }
    }

    @Test("What is held back is held back of one node and one subject, for a while")
    func gate() {
        var gate = NodeLogGate()
        let interval = NodeLogGate.intervalMilliseconds
        let asked: [(NodeLogGate.Subject, NodeNumber, UInt64)] = [
            (.problems, 1, 5), (.problems, 1, 5), (.problems, 2, 5), (.hello, 1, 5), (.problems, 1, 4 + interval),
            (.problems, 1, 5 + interval),
        ]

        let answers = asked.map { gate.pass($0, of: $1, at: Instant(milliseconds: $2)) }

        #expect(answers == [true, false, true, true, false, true])
    }
}
