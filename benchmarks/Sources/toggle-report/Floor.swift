import Foundation

/// One toggle, as testudo-swarm says it, or the same rounds as `benchmarks/floor` does them.
struct Toggle: Decodable {
    var kind: String
    var microseconds: UInt64
    var drain_microseconds: UInt64?
}

/// Toggles of one kind beside their floor, round by round.
struct RoundLine: Encodable {
    var agents: Int
    var kind: String
    var rounds: Int
    var toggle_without_drain_microseconds: Percentiles
    var floor_microseconds: Percentiles
    /// The median of the rounds' ratios.
    var ratio: Double
}

private func toggles(of file: String) throws -> [String: [UInt64]] {
    let all = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(Toggle.self, from: Data($0.utf8))
    }
    return Dictionary(grouping: all, by: \.kind).mapValues { $0.map { $0.microseconds - ($0.drain_microseconds ?? 0) } }
}

/// - Parameter file: swarm-NODES.jsonl, with floor-NODES.jsonl beside it.
func roundLines(of file: String) throws -> [RoundLine] {
    let own = try toggles(of: file)
    let floor = try toggles(of: file.replacingOccurrences(of: "/swarm-", with: "/floor-"))
    return try kinds.map { kind in
        let pairs = Array(zip(own[kind] ?? [], floor[kind] ?? []))
        return RoundLine(
            agents: try name(of: file).nodes, kind: kind, rounds: pairs.count,
            toggle_without_drain_microseconds: Percentiles(pairs.map(\.0)),
            floor_microseconds: Percentiles(pairs.map(\.1)), ratio: median(pairs.map { Double($0) / Double($1) }))
    }
}
