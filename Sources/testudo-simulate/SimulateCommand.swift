internal import ArgumentParser
internal import Fleet
internal import Foundation
internal import Simulation

/// Simulates fleets of the real coordinator and agents, one a seed, and says what went wrong.
@main
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo-simulate",
        abstract: "Runs the real coordinator and agents in simulated fleets, and checks that nothing wrong happens.",
        discussion: """
            A seed makes a fleet, its weather, its faults and its operator, and always the same ones: a violation is \
            found again by its seed. The exit status is 1 where there was one.
            """)

    @Option(help: "Simulates this seed.")
    var seed: UInt64?
    @Option(help: "Simulates these seeds, such as 1..2000.", transform: SeedRange.init)
    var seeds: SeedRange?
    @Option(help: "How many processes share the seeds.")
    var jobs = 1
    @Flag(help: "Prints everything that happens, as a transcript.")
    var trace = false
    @Flag(help: "Prints a line for each seed.")
    var each = false
    @Flag(help: "Ends with the first violation.")
    var first = false
    @Flag(help: "Makes packets take longer than the drain. Some must be lost then: a control.")
    var slowPath = false
    @Option(
        help: ArgumentHelp(
            "Plants a fault in the code: \(Flaws.names.keys.sorted().joined(separator: ", ")).", valueName: "name"))
    var flaw: [String] = []

    func validate() throws {
        guard (seed == nil) != (seeds == nil) else { throw ValidationError("Give either --seed or --seeds.") }
        guard jobs > 0 else { throw ValidationError("At least one job.") }
        for name in flaw where Flaws.names[name] == nil { throw ValidationError("There is no flaw `\(name)`.") }
    }

    private var story: Story { Story(flaws: flaw, hasSlowPath: slowPath) }

    func run() throws {
        if let seeds {
            let sweep = Sweep(
                seeds: seeds.range, jobs: jobs, story: story, printsEach: each, endsWithFirst: first)
            throw ExitCode(try sweep.run() ? 0 : 1)
        }
        guard SelfLaunch.hasOrderedHashes else { throw ExitCode(try SelfLaunch.again()) }
        let outcome = story.tell(seed ?? 0, transcript: trace ? { print($0) } : nil)
        print(SeedLine(outcome).text)
        throw ExitCode(outcome.violation == nil ? 0 : 1)
    }
}

/// What is to be simulated with each seed.
struct Story {
    var flaws: [String]
    var hasSlowPath: Bool

    func tell(_ seed: UInt64, transcript: ((String) -> Void)? = nil) -> Simulation.Outcome {
        var scenario = Scenario(seed: seed)
        if hasSlowPath { scenario.slowPathDown() }
        return Simulation.run(
            scenario, programs: RealPrograms(), flaws: Flaws(flaws.compactMap { Flaws.names[$0] }),
            transcript: transcript)
    }

    /// As the options that ask for it.
    var arguments: [String] { flaws.flatMap { ["--flaw", $0] } + (hasSlowPath ? ["--slow-path"] : []) }
}

/// `A..B`, both ends included.
struct SeedRange {
    /// More than a night's work, and a typing error.
    private static let countMaximum: UInt64 = 10_000_000

    let range: ClosedRange<UInt64>

    init(_ text: String) throws {
        let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last,
            last - first < Self.countMaximum
        else { throw ValidationError("Expected FIRST..LAST.") }
        range = first...last
    }
}
