// Reads the rollouts that `benchmarks/toggle` kept, one JSON answer a line, what testudo-swarm and `benchmarks/floor` said
// and what `benchmarks/rest` kept, and writes what they say of latency and load: tables to standard output and results.json.
// Arguments: RESULTS COMMIT SYSTEM CORES FILE.jsonl …; a file is KERNEL-NODES.jsonl, join-NODES.jsonl, rest-NODES.jsonl,
// or swarm-NODES.jsonl with floor-NODES.jsonl beside it.
import Foundation
import Histogram

struct Answer: Decodable {
    struct Rollout: Decodable {
        struct Step: Decodable {
            var name: String
            var microseconds: UInt64
        }
        var kind: String
        var duration_microseconds: UInt64
        var drain_microseconds: UInt64
        var steps: [Step]
    }
    var records: [Rollout]
}

struct Percentiles: Encodable {
    var p50: UInt64
    var p90: UInt64
    var p99: UInt64
    var maximum: UInt64

    /// Three significant digits, up to a minute.
    init(_ values: [UInt64]) {
        var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        for value in values { histogram.record(value) }
        p50 = histogram.valueAtPercentile(50)
        p90 = histogram.valueAtPercentile(90)
        p99 = histogram.valueAtPercentile(99)
        maximum = histogram.max
    }
}

struct Line: Encodable {
    var nodes: Int
    /// `auto` is real ESP in the lab, `simulated` kernels in memory on the real bus.
    var kernel: String
    /// `enable` or `disable`.
    var kind: String
    var rounds: Int
    var toggle_without_drain_microseconds: Percentiles
    var drain_microseconds_p50: UInt64
    /// The median of each step.
    var steps_microseconds_p50: [String: UInt64]
}

/// One line of testudo-swarm.
struct Join: Decodable {
    var microseconds: UInt64
    var steps: [String: UInt64]
}

/// A node that was rebooted, from its agent's first word until its edges were protected; nothing drains until then.
struct JoinLine: Encodable {
    var nodes: Int
    var rounds: Int
    var join_microseconds: Percentiles
    var steps_microseconds_p50: [String: UInt64]
}

struct Results: Encodable {
    var commit: String
    var date: String
    var system: String
    var cores: String
    var toggle_latency: [Line]
    var join_latency: [JoinLine]
    var rounds_against_floor: [RoundLine]
    var rest_load: [LoadLine]
    var targets: [Target]
}

/// What `benchmarks/toggle` calls for.
let kinds = ["enable", "disable"]

func name(of file: String) throws -> (kernel: String, nodes: Int) {
    let name = URL(filePath: file).deletingPathExtension().lastPathComponent.split(separator: "-")
    guard name.count == 2, let nodes = Int(name[1]) else { throw CocoaError(.fileReadInvalidFileName) }
    return (String(name[0]), nodes)
}

func joinLine(of file: String) throws -> JoinLine {
    let joins = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(Join.self, from: Data($0.utf8))
    }
    var steps: [String: [UInt64]] = [:]
    for (step, microseconds) in joins.flatMap(\.steps) { steps[step, default: []].append(microseconds) }
    return JoinLine(
        nodes: try name(of: file).nodes, rounds: joins.count, join_microseconds: Percentiles(joins.map(\.microseconds)),
        steps_microseconds_p50: steps.mapValues { Percentiles($0).p50 })
}

func lines(of file: String) throws -> [Line] {
    let (kernel, nodes) = try name(of: file)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    // The newest may be one that nobody called for.
    let rollouts = try text.split(separator: "\n").compactMap { line in
        try JSONDecoder().decode(Answer.self, from: Data(line.utf8)).records.first { kinds.contains($0.kind) }
    }
    return kinds.map { kind in
        let counted = rollouts.filter { $0.kind == kind }
        var steps: [String: [UInt64]] = [:]
        for step in counted.flatMap(\.steps) { steps[step.name, default: []].append(step.microseconds) }
        return Line(
            nodes: nodes, kernel: kernel, kind: kind, rounds: counted.count,
            toggle_without_drain_microseconds: Percentiles(
                counted.map { $0.duration_microseconds - $0.drain_microseconds }),
            drain_microseconds_p50: Percentiles(counted.map(\.drain_microseconds)).p50,
            steps_microseconds_p50: steps.mapValues { Percentiles($0).p50 })
    }
}

func milliseconds(_ microseconds: UInt64) -> String {
    String(format: "%.1f", Double(microseconds) / 1_000)
}

let words = CommandLine.arguments
guard words.count > 5 else {
    FileHandle.standardError.write(Data("toggle-report: RESULTS COMMIT SYSTEM CORES FILE.jsonl …\n".utf8))
    exit(2)
}
// Within a size on comes before off, as in `kinds`.
let files = Dictionary(grouping: words[5...]) { file in
    ["join", "rest", "swarm", "floor"].first { file.contains("/\($0)-") } ?? "toggle"
}
let joins = try (files["join"] ?? []).map(joinLine).sorted { $0.nodes < $1.nodes }
let rounds = try (files["swarm"] ?? []).sorted().flatMap(roundLines)
let loads = try (files["rest"] ?? []).flatMap(loadLines)
let all = try (files["toggle"] ?? []).flatMap(lines).enumerated()
    .sorted { ($0.element.nodes, $0.offset) < ($1.element.nodes, $1.offset) }.map(\.element)
print("toggle latency without the drain, in milliseconds (\(words[3]), \(words[4]) cores, commit \(words[2]))")
print("| nodes | kernel | kind | rounds | p50 | p90 | p99 | maximum | drain p50 |")
print("|---|---|---|---|---|---|---|---|---|")
for line in all {
    let toggle = line.toggle_without_drain_microseconds
    let figures = [toggle.p50, toggle.p90, toggle.p99, toggle.maximum, line.drain_microseconds_p50].map(milliseconds)
    let kernel = line.kernel == "simulated" ? "simulated" : "real ESP"
    let cells = ["\(line.nodes)", kernel, line.kind, "\(line.rounds)"] + figures
    print("| " + cells.joined(separator: " | ") + " |")
}
print("\njoin latency: a rebooted node from its agent's first word to protected, in milliseconds, simulated kernels")
print("| nodes | rounds | p50 | p90 | p99 | maximum |")
print("|---|---|---|---|---|---|")
for line in joins {
    let join = line.join_microseconds
    let cells = ["\(line.nodes)", "\(line.rounds)"] + [join.p50, join.p90, join.p99, join.maximum].map(milliseconds)
    print("| " + cells.joined(separator: " | ") + " |")
}
print("\na toggle of agents in one process against the same rounds on raw libzmq, in milliseconds without the drain")
print("| agents | kind | rounds | p50 | floor p50 | ratio |")
print("|---|---|---|---|---|---|")
for line in rounds {
    let cells =
        ["\(line.agents)", line.kind, "\(line.rounds)"]
        + [line.toggle_without_drain_microseconds.p50, line.floor_microseconds.p50].map(milliseconds)
        + [String(format: "%.1f", line.ratio)]
    print("| " + cells.joined(separator: " | ") + " |")
}
print("\nREST under load (wrk, 64 connections, associations 4; keep-alive, TLS); ratios are medians of rounds")
print("| request | agents | rounds | a second | p50 ms | p99 ms | against | rate | p99 |")
print("|---|---|---|---|---|---|---|---|---|")
for line in loads {
    let cells =
        [line.kind, "\(line.agents)", "\(line.rounds)", String(format: "%.0f", line.requests_per_second)]
        + [line.p50_microseconds, line.p99_microseconds].map(milliseconds) + [line.against]
        + [line.ratio, line.p99_ratio].map { String(format: "%.2f", $0) }
    print("| " + cells.joined(separator: " | ") + " |")
}
let reached = targets(of: loads)
for target in reached {
    let measured = String(format: "%.2f", target.measured)
    print("\(target.met ? "met" : "missed"): \(target.name): \(measured), to reach: \(target.target)")
}
let encoder = JSONEncoder()
encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
let results = Results(
    commit: words[2], date: ISO8601DateFormatter().string(from: Date()), system: words[3], cores: words[4],
    toggle_latency: all, join_latency: joins,
    rounds_against_floor: rounds, rest_load: loads, targets: reached)
try encoder.encode(results).write(to: URL(filePath: words[1]))
