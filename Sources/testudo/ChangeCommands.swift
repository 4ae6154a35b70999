internal import ArgumentParser
internal import Foundation
internal import NIOHTTP1
internal import ONTAP

/// `security ipsec config modify`.
struct Modify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modify", abstract: "Turns IPsec on or off, or changes the replay window.")
    @Option(name: .both("is-enabled"), help: "true or false.")
    var isEnabled: Bool?
    @Option(name: .both("replay-window"), help: "0, 64, 128, 256, 512 or 1024 packets.")
    var replayWindow: Int?
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var options: ConnectionOptions

    func validate() throws {
        guard isEnabled != nil || replayWindow != nil else {
            throw ValidationError("nothing to modify: give -is-enabled or -replay-window")
        }
    }

    func run() async throws {
        var body: JSONObject = [:]
        if let isEnabled { body["enabled"] = .bool(isEnabled) }
        if let replayWindow { body["replay_window"] = .integer(Int64(replayWindow)) }
        try await waiting.make(.PATCH, "/api/security/ipsec", .object(body), options)
    }
}

/// `security ipsec rotate`.
struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Gives every edge fresh keys.")
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await waiting.make(.POST, "/api/fleet/rollouts", ["kind": "rotate"], options)
    }
}

/// How long a change is followed.
struct WaitingOptions: ParsableArguments {
    private static let secondsMaximum = 86_400

    @Option(name: .both("timeout"), help: "Seconds after which the job is left to itself.")
    var timeout = 60

    func validate() throws {
        guard (1...Self.secondsMaximum).contains(timeout) else {
            throw ValidationError("-timeout takes 1 to \(Self.secondsMaximum) seconds")
        }
    }

    func make(_ method: HTTPMethod, _ path: String, _ body: JSONValue, _ options: ConnectionOptions) async throws {
        try await options.connected { connection in
            var change = Change(connection: connection, seconds: timeout, isJSON: options.isJSON)
            try await change.make(method, path, body)
        }
    }
}

/// A change that is followed to its end: what its rollout does is told meanwhile.
struct Change {
    /// How often is looked.
    private static let pause = Duration.milliseconds(200)

    private let connection: Connection
    private let seconds: Int
    private let isJSON: Bool
    private let began = ContinuousClock.now
    private var toldSteps = 0

    init(connection: Connection, seconds: Int, isJSON: Bool) {
        self.connection = connection
        self.seconds = seconds
        self.isJSON = isJSON
    }

    private var rest: Duration { max(.zero, began.advanced(by: .seconds(seconds)) - ContinuousClock.now) }

    mutating func make(_ method: HTTPMethod, _ path: String, _ body: JSONValue) async throws {
        let newest = try await newest()
        // The call may join the one that is under way.
        let isRunning = newest?["outcome"]?.string == "running"
        let before = (newest?["id"]?.number ?? 0) - (isRunning ? 1 : 0)
        let answer = try await connection.send(
            method, "\(path)?return_timeout=0", body, within: min(rest, Connection.patience))
        if let uuid = answer.value(at: ["job", "uuid"])?.string {
            try await follow(uuid, after: before)
        } else {
            try await end(answer, after: before)
        }
    }

    private mutating func follow(_ uuid: String, after before: Int64) async throws {
        let path = "/api/cluster/jobs/\(uuid)?fields=state,error,message"
        while rest > .zero {
            // What goes on goes on, also where one look at it fails.
            if let job = try? await connection.get(path, within: rest) {
                if let rollout = try? await newest(), let id = rollout["id"]?.number, id > before { tell(rollout) }
                switch job["state"]?.string {
                case "running": break
                case "success": return try await end(job, after: before)
                default:
                    finishLine()
                    throw Failure(
                        status: Failure.refused, lines: job["error"].map(Failure.lines) ?? ["The job failed."])
                }
            }
            try await Task.sleep(for: min(Self.pause, rest))
        }
        finishLine()
        throw Failure(
            status: Failure.late,
            lines: ["Not done within \(seconds) s; it goes on as job \(uuid): testudo job show -id \(uuid)"])
    }

    private mutating func end(_ answer: JSONValue, after before: Int64) async throws {
        let rollout = try? await newest()
        let isRolledOut = (rollout?["id"]?.number ?? 0) > before
        if isRolledOut, let rollout { tell(rollout) }
        finishLine()
        print(isJSON ? answer.text(pretty: true) : isRolledOut ? "Done." : "There was nothing to change.")
    }

    private func newest() async throws -> JSONValue? {
        try await connection.get(
            "/api/fleet/rollouts?max_records=1&fields=*", within: min(rest, Connection.patience))["records"]?.array
            .first
    }

    /// A bar on a terminal; a line a step elsewhere.
    private mutating func tell(_ rollout: JSONValue) {
        if isJSON { return }
        let steps = (rollout["steps"]?.array ?? []).compactMap { $0["name"]?.string }
        let kind = rollout["kind"]?.string ?? ""
        if Terminal.isTerminal {
            let drain = (rollout["drain_microseconds"]?.number ?? 0) / 1_000
            let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
            Terminal.replaceLine(
                "\(kind): \(Self.bar(steps, rollout["progress"]))  \(Int(elapsed)) ms, drain \(drain) ms")
        } else {
            Terminal.complain(steps.dropFirst(toldSteps).map { "\(kind): \($0)" })
        }
        toldSteps = max(toldSteps, steps.count)
    }

    private static let barWidth: Int64 = 20

    /// The steps that are done, and of the one under way how many nodes have done it.
    private static func bar(_ steps: [String], _ progress: JSONValue?) -> String {
        guard let progress, let step = progress["step"]?.string else { return steps.joined(separator: " > ") }
        let names = (steps + [step]).joined(separator: " > ")
        guard let nodes = progress["nodes"]?.number, let done = progress["nodes_done"]?.number, nodes > 0 else {
            return names
        }
        let full = Int(max(0, min(barWidth, done * barWidth / nodes)))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: Int(barWidth) - full)
        return "\(names) [\(bar)] \(done) of \(nodes) nodes"
    }

    private func finishLine() { if Terminal.isTerminal && !isJSON && toldSteps > 0 { Terminal.complain([""]) } }
}
