internal import ArgumentParser
internal import Foundation
internal import NIOHTTP1

/// `security ipsec config modify`.
struct Modify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modify", abstract: "Turns IPsec on or off, or changes the replay window.")
    @Option(name: .both("is-enabled"), help: "true or false.")
    var isEnabled: Bool?
    @Option(name: .both("replay-window"), help: "0, 64, 128, 256, 512 or 1024 packets.")
    var replayWindow: Int?
    @Option(name: .both("timeout"), help: "Seconds after which the job is left to itself.")
    var timeout = 60
    @OptionGroup var options: ConnectionOptions

    func validate() throws {
        guard isEnabled != nil || replayWindow != nil else {
            throw ValidationError("nothing to modify: give -is-enabled or -replay-window")
        }
    }

    func run() async throws {
        var body: [String] = []
        if let isEnabled { body.append("\"enabled\": \(isEnabled)") }
        if let replayWindow { body.append("\"replay_window\": \(replayWindow)") }
        try await Change(connection: options.connect(), timeout: timeout, isJSON: options.isJSON)
            .make(.PATCH, "/api/security/ipsec", "{\(body.joined(separator: ", "))}")
    }
}

/// `security ipsec rotate`.
struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Gives every edge fresh keys.")
    @Option(name: .both("timeout"), help: "Seconds after which the job is left to itself.")
    var timeout = 60
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Change(connection: options.connect(), timeout: timeout, isJSON: options.isJSON)
            .make(.POST, "/api/fleet/rollouts", #"{"kind": "rotate"}"#)
    }
}

/// A change that is followed to its end: what its rollout does is told meanwhile.
struct Change {
    /// How often is looked.
    private static let pause = Duration.milliseconds(200)

    var connection: Connection
    /// Seconds.
    var timeout: Int
    var isJSON: Bool

    private struct Job: Decodable {
        struct Link: Decodable { var uuid: String }

        var job: Link?
        var state: String?
        var error: Refusal.Detail?
    }

    private struct Rollouts: Decodable {
        struct Rollout: Decodable {
            struct Step: Decodable {
                var name: String
                var microseconds: UInt64
            }
            var id: UInt64
            var kind: String
            var outcome: String
            var duration_microseconds: UInt64
            var drain_microseconds: UInt64
            var steps: [Step]
        }
        var records: [Rollout]
    }

    func make(_ method: HTTPMethod, _ path: String, _ body: String) async throws {
        let before = try await newest()?.id ?? 0
        let answer = try await connection.send(method, "\(path)?return_timeout=0", body)
        guard let uuid = try decoded(answer, as: Job.self).job?.uuid else {
            if isJSON { print(answer.text) } else { print("Done.") }
            return
        }
        try await follow(uuid, after: before)
    }

    private func follow(_ uuid: String, after before: UInt64) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(timeout))
        var told = 0
        while true {
            // What goes on goes on, also where one look at it fails.
            if let answer = try? await connection.get("/api/cluster/jobs/\(uuid)?fields=state,error,message") {
                let job = try decoded(answer, as: Job.self)
                if let rollout = try? await newest(), rollout.id > before { tell(rollout, &told) }
                switch job.state {
                case "running": break
                case "success":
                    finishLine()
                    if isJSON { print(answer.text) } else { print("Done.") }
                    return
                default:
                    finishLine()
                    throw Failure(status: Failure.refused, lines: job.error?.lines ?? ["The job failed."])
                }
            }
            guard ContinuousClock.now < deadline else {
                finishLine()
                throw Failure(
                    status: Failure.late,
                    lines: ["Not done within \(timeout) s; it goes on as job \(uuid): testudo job show -id \(uuid)"])
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func newest() async throws -> Rollouts.Rollout? {
        try decoded(
            await connection.get("/api/fleet/rollouts?max_records=1&fields=*"), as: Rollouts.self
        ).records.first
    }

    /// A bar on a terminal; a line a step elsewhere.
    private func tell(_ rollout: Rollouts.Rollout, _ told: inout Int) {
        if isJSON { return }
        if Terminal.isTerminal {
            let names = rollout.steps.map(\.name).joined(separator: " > ")
            let milliseconds = rollout.duration_microseconds / 1_000
            Terminal.replaceLine(
                "\(rollout.kind): \(names)  \(milliseconds) ms, drain \(rollout.drain_microseconds / 1_000) ms")
            return
        }
        for step in rollout.steps.dropFirst(told) { Terminal.complain(["\(rollout.kind): \(step.name)"]) }
        told = max(told, rollout.steps.count)
    }

    private func finishLine() { if Terminal.isTerminal && !isJSON { Terminal.complain([""]) } }

    private func decoded<Value: Decodable>(_ answer: Connection.Answer, as type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(answer.text.utf8))
        } catch {
            throw Failure(status: Failure.unreachable, lines: ["what answered is no coordinator: \(error)"])
        }
    }
}
