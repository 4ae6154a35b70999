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
        // Another window of a fleet that is off is no rollout.
        try await waiting.make(
            .PATCH, "/api/security/ipsec", .object(body), options, isAlwaysRollout: replayWindow == nil)
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

    /// - Parameter isAlwaysRollout: whether nothing has changed where no rollout began.
    func make(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue, _ options: ConnectionOptions,
        isAlwaysRollout: Bool = true
    ) async throws {
        try await options.connected { connection in
            var change = Change(connection: connection, seconds: timeout, isJSON: options.isJSON)
            try await change.make(method, path, body, isAlwaysRollout: isAlwaysRollout)
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
    /// The rollout that was told last, and how many of its steps.
    private var told: (id: Int64, steps: Int) = (0, 0)
    private var isLineOpen = false

    init(connection: Connection, seconds: Int, isJSON: Bool) {
        self.connection = connection
        self.seconds = seconds
        self.isJSON = isJSON
    }

    private var rest: Duration { max(.zero, began.advanced(by: .seconds(seconds)) - ContinuousClock.now) }

    mutating func make(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue, isAlwaysRollout: Bool
    ) async throws {
        let newest = try await self.newest()
        // The call may join the one that is under way.
        let before = newest.id - (newest.rollout?["outcome"]?.string == "running" ? 1 : 0)
        let answer = try await connection.send(
            method, "\(path)?return_timeout=0", body, within: min(rest, Connection.patience))
        let end =
            if let uuid = answer.value(at: ["job", "uuid"])?.string {
                try await follow(uuid, after: before)
            } else {
                answer
            }
        var isUnchanged = false
        // The change is made, also where nobody says what was done.
        if let last = try? await self.newest() {
            isUnchanged = isAlwaysRollout && last.id <= before
            if !isUnchanged, let rollout = last.rollout { tell(rollout) }
        }
        closeLine()
        print(isJSON ? Terminal.json(end) : isUnchanged ? "There was nothing to change." : "Done.")
    }

    /// The job once it has succeeded.
    private mutating func follow(_ uuid: String, after before: Int64) async throws -> JSONValue {
        let path = "/api/cluster/jobs/\(uuid)?fields=state,error,message"
        while rest > .zero {
            do {
                let job = try await connection.get(path, within: rest)
                if let last = try? await newest(), last.id > before, let rollout = last.rollout { tell(rollout) }
                switch job["state"]?.string {
                case "running": break
                case "success": return job
                default:
                    closeLine()
                    throw Failure(
                        status: Failure.refused, lines: job["error"].map(Failure.lines) ?? ["The job failed."])
                }
            } catch let failure as Failure where failure.status == Failure.unreachable {
                // What goes on goes on, also where one look at it fails.
            } catch let failure as Failure where failure.code == Self.unknown {
                closeLine()
                throw Failure(
                    status: Failure.refused,
                    lines: ["The coordinator knows job \(uuid) no more: testudo fleet rollouts says what became of it"])
            }
            try await Task.sleep(for: min(Self.pause, rest))
        }
        closeLine()
        throw Failure(
            status: Failure.late,
            lines: ["Not done within \(seconds) s; it goes on as job \(uuid): testudo job show -id \(uuid)"])
    }

    /// ONTAP's `entry doesn't exist`.
    private static let unknown = "4"

    /// The newest rollout; number 0 where there was none yet.
    private func newest() async throws -> (id: Int64, rollout: JSONValue?) {
        let rollout = try await connection.get(
            "/api/fleet/rollouts?max_records=1&fields=kind,outcome,steps,progress,drain_microseconds",
            within: min(max(rest, .seconds(1)), Connection.patience))["records"]?.array.first
        return (rollout?["id"]?.number ?? 0, rollout)
    }

    /// A bar on a terminal; a line a step elsewhere.
    private mutating func tell(_ rollout: JSONValue) {
        if isJSON { return }
        let steps = (rollout["steps"]?.array ?? []).compactMap { $0["name"]?.string }
        let kind = rollout["kind"]?.string ?? ""
        let id = rollout["id"]?.number ?? 0
        if id != told.id { told = (id, 0) }
        if Terminal.isTerminal {
            let drain = (rollout["drain_microseconds"]?.number ?? 0) / 1_000
            let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
            Terminal.replaceLine(
                "\(kind): \(Self.bar(steps, rollout["progress"]))  \(Int(elapsed)) ms, drain \(drain) ms")
            isLineOpen = true
        } else {
            Terminal.complain(steps.dropFirst(told.steps).map { "\(kind): \($0)" })
        }
        told.steps = max(told.steps, steps.count)
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

    private mutating func closeLine() {
        if isLineOpen { Terminal.complain([""]) }
        isLineOpen = false
    }
}
