internal import Fleet
internal import Ladder
internal import ONTAP
internal import Ports

/// The lists that grow with the square of the fleet: made record by record, no further than the page, some at once.
struct LargeLists: Sendable {
    /// Being made: 20 000 records that are put in order are some 20 MB.
    private static let listsAtOnce = 4
    private static let waitingMaximum = 32
    private static let waitingPerPeerMaximum = 8
    private static let edgesAtOnce = 1_000
    /// Longer than clients wait: by then nodes are silent that are said to be present.
    private static let secondsMaximum: Int64 = 30
    /// Nodes that are asked for their SAs at once: their answers are held until they are shown.
    private static let nodesAtOnce = 16

    let control: any FleetControl
    private let places = Places(
        runningMaximum: listsAtOnce, waitingMaximum: waitingMaximum, waitingPerPeerMaximum: waitingPerPeerMaximum)

    init(control: any FleetControl) { self.control = control }

    /// - Parameter call: of `edges` or `associations`.
    func answer(_ call: Call, peer: String) async throws(APIError) -> Answer {
        // One edge costs one look.
        if call.route.resource.kind == .edges, let key = call.route.key { return try await edge(key, call) }
        let answer = try await places.with(peer: peer) { () async throws(APIError) -> Answer in
            call.route.resource.kind == .edges ? try await edges(call) : try await associations(call)
        }
        guard let answer else { throw .tooManyRequests }
        return answer
    }

    private func edge(_ key: String, _ call: Call) async throws(APIError) -> Answer {
        let names = key.split(separator: ":", omittingEmptySubsequences: false)
        let edges = await control.edges()
        let found = names.count == 2 ? edges.edge(from: String(names[0]), to: String(names[1])) : nil
        return try Answer(call, records: found.map { [$0.record] } ?? [])
    }

    /// Looks at edge after edge until the page is full, and lets others in between: there are as many as pairs of nodes.
    private func edges(_ call: Call) async throws(APIError) -> Answer {
        let edges = await control.edges()
        let filter = call.query.filter
        let deadline = ContinuousClock.now.advanced(by: .seconds(Self.secondsMaximum))
        var page = Page(call)
        var count = 0
        for node in edges.nodes where filter.mayMatch(.string(node.name.text), at: ["node", "name"]) {
            for peer in edges.nodes where peer.number != node.number {
                count += 1
                if count % Self.edgesAtOnce == 0 {
                    await Task.yield()
                    guard ContinuousClock.now < deadline else { throw .tookTooLong }
                }
                guard filter.mayMatch(.string(peer.name.text), at: ["peer", "name"]) else { continue }
                let edge = edges.edge(from: node, to: peer)
                guard filter.mayMatch(edge.rung.map { .string($0.description) } ?? .null, at: ["rung"]) else {
                    continue
                }
                if try !page.offer(edge.record) { return Answer(call, page) }
            }
        }
        return Answer(call, page)
    }

    /// Asks node by node, some at once, until the page is full: those that are left out cost nothing.
    private func associations(_ call: Call) async throws(APIError) -> Answer {
        let status = control.status()
        let nodes = status.nodes.filter { node in
            node.isPresent && call.query.filter.mayMatch(.string(node.name.text), at: ["node", "name"])
        }
        var page = Page(call)
        var found: JSONObject?
        let deadline = ContinuousClock.now.advanced(by: .seconds(Self.secondsMaximum))
        for start in stride(from: 0, to: nodes.count, by: Self.nodesAtOnce) {
            guard ContinuousClock.now < deadline else { throw .tookTooLong }
            let some = nodes[start..<min(start + Self.nodesAtOnce, nodes.count)]
            let answers = await withTaskGroup(of: (Int, [AssociationPair]?).self) { group in
                for (index, node) in some.enumerated() {
                    group.addTask { [control] in (index, await control.associations(of: node.number)) }
                }
                var answers: [Int: [AssociationPair]] = [:]
                for await (index, pairs) in group { answers[index] = pairs }
                return answers
            }
            for (index, node) in some.enumerated() {
                for pair in answers[index] ?? [] {
                    let record = node.record(of: pair, fleet: status.uuid)
                    if let key = call.route.key {
                        if record["uuid"] == .string(key) { found = record }
                    } else if try !page.offer(record) {
                        return Answer(call, page)
                    }
                }
            }
            if found != nil { break }
        }
        guard call.route.key != nil else { return Answer(call, page) }
        return try Answer(call, records: found.map { [$0] } ?? [])
    }
}
