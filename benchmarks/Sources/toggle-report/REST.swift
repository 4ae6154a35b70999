import Foundation

/// One run of wrk, as `benchmarks/rest` keeps it.
struct LoadRun: Decodable {
    var kind: String
    var agents: Int
    var requests_per_second: Double
    var p50_microseconds: UInt64
    var p99_microseconds: UInt64
}

/// One kind of request, and the same beside what is measured against, round by round: medians.
struct LoadLine: Encodable {
    /// `get` … as `benchmarks/rest` names them.
    var kind: String
    /// `hello`: the same HTTP server without anything behind it, in turns.
    var against: String
    var agents: Int
    var rounds: Int
    var requests_per_second: Double
    var ratio: Double
    var p50_microseconds: UInt64
    var p99_microseconds: UInt64
    var p99_ratio: Double
}

/// A figure that must be reached.
struct Target: Encodable {
    var name: String
    var target: String
    var measured: Double
    var met: Bool
}

private let duringRollouts = "_during_rollouts"

func median<Value: Comparable>(_ values: [Value]) -> Value { values.sorted()[values.count / 2] }

func loadLines(of file: String) throws -> [LoadLine] {
    let runs = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(LoadRun.self, from: Data($0.utf8))
    }
    let kinds = Dictionary(grouping: runs, by: \.kind)
    return kinds.keys.sorted().map { kind in
        let against = kind.hasSuffix(duringRollouts) ? "hello" + duringRollouts : "hello"
        let (own, floor) = (kinds[kind] ?? [], kinds[against] ?? [])
        let pairs = Array(zip(own, floor))
        return LoadLine(
            kind: kind, against: against, agents: own[0].agents, rounds: own.count,
            requests_per_second: median(own.map(\.requests_per_second)),
            ratio: median(pairs.map { $0.requests_per_second / $1.requests_per_second }),
            p50_microseconds: median(own.map(\.p50_microseconds)),
            p99_microseconds: median(own.map(\.p99_microseconds)),
            p99_ratio: median(pairs.map { Double($0.p99_microseconds) / Double($1.p99_microseconds) }))
    }
}

func targets(of lines: [LoadLine]) -> [Target] {
    func target(
        _ name: String, _ kind: String, _ bound: String, _ measured: (LoadLine) -> Double, _ isMet: (Double) -> Bool
    )
        -> Target?
    {
        lines.first { $0.kind == kind }.map {
            let figure = measured($0)
            return Target(name: name, target: bound, measured: figure, met: isMet(figure))
        }
    }
    return [
        target("GET against a bare hello, requests a second", "get", "≥ 0.8", \.ratio) { $0 >= 0.8 },
        target("GET against a bare hello, p99", "get", "≤ 2", \.p99_ratio) { $0 <= 2 },
        slowdown(lines),
    ].compactMap(\.self)
}

/// By how much a rollout slows a GET more than it slows everything on the machine.
private func slowdown(_ lines: [LoadLine]) -> Target? {
    guard let quiet = lines.first(where: { $0.kind == "get" }),
        let busy = lines.first(where: { $0.kind == "get" + duringRollouts })
    else { return nil }
    let figure = busy.ratio / quiet.ratio
    return Target(
        name: "GET during rollouts against GET, each beside hello", target: "≥ 0.8", measured: figure,
        met: figure >= 0.8)
}
