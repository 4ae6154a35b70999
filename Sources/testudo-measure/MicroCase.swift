/// One thing that `testudo-measure micro` measures.
struct MicroCase {
    /// Repeats the operation about so often and says how long that took, with what belongs to it and nothing else.
    typealias Run = (_ count: Int) async throws -> MicroRun

    enum Content {
        /// Prepares what is needed; the preparation is not measured.
        case time(prepare: () async throws -> Run)
        /// A size that is the same in every round.
        case bytes(() throws -> Int)
    }

    let benchmark: String
    let name: String
    /// Nodes of the fleet or peers of the node; 1 where it plays no part.
    let n: Int
    let content: Content

    init(_ name: String, n: Int = 1, benchmark: String = "micro", _ content: Content) {
        self.benchmark = benchmark
        self.name = name
        self.n = n
        self.content = content
    }

    /// - Parameter path: of a database that is not there yet.
    static func all(journal path: String) -> [MicroCase] {
        messages + rosters + offers + kernel + machines + keys + [journal(path)]
    }

    /// The same call again and again.
    /// - Parameters:
    ///   - operations: how many one call does.
    ///   - prepare: makes the call.
    static func calls<Result>(
        _ name: String, n: Int = 1, benchmark: String = "micro", operations: Int = 1,
        _ prepare: @escaping () throws -> () throws -> Result
    ) -> MicroCase {
        MicroCase(
            name, n: n, benchmark: benchmark,
            .time {
                let call = try prepare()
                return { count in
                    let start = ContinuousClock.now
                    for _ in 0..<count { MicroRun.consume(try call()) }
                    return MicroRun(duration: ContinuousClock.now - start, operations: count * operations)
                }
            })
    }
}

/// What a run did, and how long that took.
struct MicroRun {
    var duration: Duration
    var operations: Int

    static let nothing = MicroRun(duration: .zero, operations: 0)

    static func += (left: inout MicroRun, right: MicroRun) {
        left.duration += right.duration
        left.operations += right.operations
    }

    /// Takes a result that nobody looks at, so that the optimiser may not leave out what made it.
    @inline(never) @_optimize(none)
    static func consume<Result>(_ result: Result) {}
}

/// A case that is warm, and how often it is to be repeated for its time to count.
struct MicroMeasurement {
    private let run: MicroCase.Run
    private let least: Duration
    private var count = 1

    /// Warms the case up until one run takes long enough.
    init(_ run: @escaping MicroCase.Run, atLeast least: Duration) async throws {
        self.run = run
        self.least = least
        var taken = try await run(count).duration
        while taken < least {
            // The first runs are slow: what they say of the following ones is believed up to a point.
            let factor = taken > .zero ? least / taken * 1.1 : 16
            count = Int(Double(count) * min(max(factor, 1.1), 16)) + 1
            taken = try await run(count).duration
        }
    }

    /// One round's time of one operation.
    func microseconds() async throws -> Double {
        var total = MicroRun.nothing
        repeat { total += try await run(count) } while total.duration < least
        return total.duration / .microseconds(1) / Double(total.operations)
    }
}

/// Says why something cannot be measured: what it did is not what was meant.
struct MicroError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
