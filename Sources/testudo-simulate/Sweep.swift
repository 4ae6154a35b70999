internal import Dispatch
internal import Foundation
internal import Simulation
internal import Synchronization

/// Simulates many seeds in several processes.
///
/// A process serves so many seeds and ends: what a simulated kill leaves behind is given back with it, and a crash of
/// the code costs no more than its neighbours' results.
struct Sweep {
    private static let seedsPerProcess: UInt64 = 50

    let seeds: ClosedRange<UInt64>
    let jobs: Int
    let story: Story
    let printsEach: Bool
    let endsWithFirst: Bool

    private final class Tally: Sendable {
        struct State {
            var lines: [SeedLine] = []
            var crashes: [String] = []
        }

        let state = Mutex(State())
    }

    /// Answers whether all was well.
    func run() throws -> Bool {
        if ProcessInfo.processInfo.environment[Self.workerVariable] != nil { return work() }
        let began = ContinuousClock.now
        let tally = Tally()
        let free = DispatchSemaphore(value: jobs)
        var next = seeds.lowerBound
        while next <= seeds.upperBound {
            free.wait()
            if endsWithFirst, tally.state.withLock({ !$0.crashes.isEmpty || $0.lines.contains { $0.violation != nil } })
            {
                free.signal()
                break
            }
            let last = min(seeds.upperBound, next + Self.seedsPerProcess - 1)
            try launch(next...last, tally, free)
            if last == UInt64.max { break }
            next = last + 1
        }
        for _ in 0..<jobs { free.wait() }
        for _ in 0..<jobs { free.signal() }
        return tally.state.withLock { summarise($0, since: began) }
    }

    private static let workerVariable = "TESTUDO_SIMULATE_WORKER"

    /// One of the processes: a line for each seed.
    private func work() -> Bool {
        for seed in seeds {
            let outcome = story.tell(seed)
            print(SeedLine(outcome).text)
            if endsWithFirst, outcome.violation != nil { break }
        }
        return true
    }

    private func launch(_ part: ClosedRange<UInt64>, _ tally: Tally, _ free: DispatchSemaphore) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "testudo-simulate-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw CocoaError(.fileWriteUnknown)
        }
        let output = try FileHandle(forWritingTo: file)
        var arguments = ["--seeds", "\(part.lowerBound)..\(part.upperBound)"]
        if endsWithFirst { arguments.append("--first") }
        arguments += story.arguments
        let process = try SelfLaunch.make(arguments)
        process.environment?[Self.workerVariable] = "1"
        process.standardOutput = output
        process.terminationHandler = { process in
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            try? FileManager.default.removeItem(at: file)
            let lines = text.split(separator: "\n").compactMap { SeedLine(String($0)) }
            tally.state.withLock { state in
                state.lines += lines
                if process.terminationStatus != 0 || process.terminationReason == .uncaughtSignal {
                    let seed = lines.last.map { $0.seed + 1 } ?? part.lowerBound
                    state.crashes.append("seed \(seed) crashed: status \(process.terminationStatus)")
                }
            }
            free.signal()
        }
        try process.run()
    }

    private func summarise(_ state: Tally.State, since began: ContinuousClock.Instant) -> Bool {
        let lines = state.lines.sorted { $0.seed < $1.seed }
        let wrong = lines.filter { $0.violation != nil }
        for line in printsEach ? lines : wrong { print(line.text) }
        for crash in state.crashes { print(crash) }
        let virtual = Double(lines.reduce(0) { $0 + $1.virtualMicroseconds }) / 1e6
        let worked = Double(lines.reduce(0) { $0 + $1.realMicroseconds }) / 1e6
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        func short(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
        print(
            "\(lines.count) seeds, \(short(virtual)) virtual seconds in \(short(seconds)) s, "
                + "\(Int(virtual / max(worked, 1e-6)))× real time, "
                + "\(lines.reduce(0) { $0 + $1.packets }) packets, "
                + "converged after \(short(Double(lines.map(\.convergenceMicroseconds).max() ?? 0) / 1e6)) s at most, "
                + "violations: \(wrong.count + state.crashes.count)")
        return wrong.isEmpty && state.crashes.isEmpty
    }
}
