internal import ArgumentParser
internal import Foundation

/// `testudo-measure micro`: what a toggle is made of, piece by piece, in one process and on no network.
struct MicroCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro",
        abstract: "Messages, plans, machines, keys and the journal, each alone.",
        discussion: """
            Prints a JSON object a sample: {"benchmark", "subject", "case", "n", "round", "value", "unit"}. Times are \
            in microseconds for one operation. Cases of the benchmark `toggle` grow with the fleet or with a node's \
            peers; the others are of one message, one report or one node.
            """)

    @Option(name: .customLong("case"), help: "Only this case; may be given several times.")
    var names: [String] = []
    @Option(help: "Rounds that are counted, after one that is not.")
    var rounds = 10
    @Option(help: "Only cases of this size.")
    var n: Int?
    @Option(help: "Only cases up to this size.")
    var largest = Int.max
    @Option(help: "The least time that a round measures, in milliseconds.")
    var milliseconds = 50
    @Option(help: "No further round of a case begins after so many seconds.")
    var limit = 4

    func validate() throws {
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds takes 1 to 10000") }
        guard (1...10_000).contains(milliseconds) else { throw ValidationError("--milliseconds takes 1 to 10000") }
        guard (1...3_600).contains(limit) else { throw ValidationError("--limit takes 1 to 3600") }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "testudo-measure-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let all = MicroCase.all(journal: folder.appending(path: "journal.sqlite").path)
        if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
            let known = Set(all.map(\.name)).sorted().joined(separator: ", ")
            throw ValidationError("there is no case \(unknown); there are \(known)")
        }
        let chosen = all.filter { (names.isEmpty || names.contains($0.name)) && $0.n == n ?? $0.n && $0.n <= largest }
        guard !chosen.isEmpty else { throw ValidationError("no case is of that size") }
        for one in chosen { try await measure(one) }
    }

    private func measure(_ one: MicroCase) async throws {
        switch one.content {
        case .bytes(let count): tell(one, round: 1, value: "\(try count())", unit: "bytes")
        case .time(let prepare):
            let beginning = ContinuousClock.now
            let measurement = try await MicroMeasurement(try await prepare(), atLeast: .milliseconds(milliseconds))
            for round in 1...rounds {
                guard round == 1 || ContinuousClock.now - beginning < .seconds(limit) else {
                    let note =
                        "\(one.name) at \(one.n): \(round - 1) of \(rounds) rounds: all would take over \(limit) s"
                    print("{\"benchmark\":\"\(one.benchmark)\",\"note\":\"\(note)\"}")
                    break
                }
                // To a tenth of a nanosecond: no clock here sees less.
                let value = (try await measurement.microseconds() * 10_000).rounded() / 10_000
                tell(one, round: round, value: "\(value)", unit: "us")
            }
        }
    }

    private func tell(_ one: MicroCase, round: Int, value: String, unit: String) {
        print(
            "{\"benchmark\":\"\(one.benchmark)\",\"subject\":\"testudo\",\"case\":\"\(one.name)\",\"n\":\(one.n),"
                + "\"round\":\(round),\"value\":\(value),\"unit\":\"\(unit)\"}")
    }
}
