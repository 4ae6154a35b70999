import Commands
import Foundation
import Testing

/// The benchmarks as programs that must run: no figure fails a test. One after the other, for both may have to install what the
/// report needs.
@Suite("Benchmarks", .serialized)
struct BenchmarkTests {
    @Test("Every benchmark runs in its small sizes, and a report is made of what it measured")
    func quick() async throws {
        let run = try await Command("benchmarks/run").run(["--quick"])

        let failed = run.lines.filter { $0.contains("FAILED") }
        #expect(run.status == 0, "\(failed.joined(separator: "\n"))\n\(run.output.suffix(6_000))")
    }

    @Test("The report's own tests pass")
    func report() async throws {
        let top = Command.root.appending(path: "benchmarks").path
        let run = try await Command("benchmarks/report/python").run([
            "-m", "unittest", "discover", "-s", "\(top)/report/tests", "-t", top,
        ])

        #expect(run.status == 0, "\(run.output.suffix(6_000))")
    }
}
