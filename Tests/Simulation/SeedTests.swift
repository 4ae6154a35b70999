import Commands
import Testing

/// Whole fleets of the real actors, a seed each.
@Suite("Seeds")
struct SeedTests {
    /// A process of its own, so that its hashes are ordered and a crash is only its own.
    private static let simulate = Command(product: "testudo-simulate")

    /// Seeds that once failed, and what they found.
    static let regressions: [(seed: Int, found: String)] = [
        (213, "a call was refused because of a node that had just come back"),
        (250, "tries that failed heaped offer sets up at accept"),
        (453, "off was called done while a rebooted node was still closed"),
        (447, "on was called done with a node whose kernel could not be read"),
        (719, "a probe was ordered of one end of an edge only"),
        (839, "a restarted coordinator said enabled for nodes that it had not heard of"),
        (8_959, "a rollout that could not come nearer to its goal left its SAs behind"),
        (141, "a way back took the SAs of an edge one of whose families had lost one: the other family lost packets"),
        (614, "SAs went while the edge's opposite still sent with them in one family"),
        (3_356, "an edge with one family closed was taken for one that sends nothing"),
        (6_142, "a boot shield that the kernel refused half-way stayed half up"),
        (11_583, "an edge closed with SAs that its peer sends with could neither open nor close"),
        (14_189, "a policy for probes whose SA was gone made every later probe fail"),
        (10_508, "a refused change left an edge at accept without a policy for probes"),
    ]

    /// A seed's line without the time that it really took.
    private static func way(_ line: Substring) -> String {
        let words = line.split(separator: " ")
        guard let real = words.firstIndex(of: "real") else { return String(line) }
        return (words[..<real] + words[(real + 2)...]).joined(separator: " ")
    }

    @Test("A seed is replayed exactly: 50 of them twice, each the same way to the last step, and nothing goes wrong")
    func determinism() async throws {
        let first = try await Self.simulate.run(["--seeds", "1..50", "--jobs", "2", "--each"])
        let second = try await Self.simulate.run(["--seeds", "1..50", "--jobs", "1", "--each"])

        #expect(first.status == 0, "\(first.output.suffix(4_000))")
        let ways = first.lines.dropLast().map(Self.way)
        #expect(ways.count == 50)
        #expect(ways == second.lines.dropLast().map(Self.way))
    }

    @Test("A seed alone goes the way that it went in the sweep, and its transcript tells it")
    func transcript() async throws {
        let sweep = try await Self.simulate.run(["--seeds", "7..7", "--each"])
        let alone = try await Self.simulate.run(["--seed", "7", "--trace"])

        #expect(alone.lines.last.map(Self.way) == sweep.lines.first.map(Self.way))
        #expect(alone.output.contains("coordinator: sends order"))
    }

    @Test("Seeds that once found a bug find none", arguments: regressions.indices)
    func regression(index: Int) async throws {
        let (seed, found) = Self.regressions[index]

        let run = try await Self.simulate.run(["--seed", "\(seed)"])

        #expect(run.status == 0, "again: \(found)\n\(run.output.suffix(2_000))")
    }

    @Test("2000 seeds: nothing wrong happens in the storm, and in quiet every fleet comes to where it should be")
    func sweep() async throws {
        let run = try await Self.simulate.run(["--seeds", "1..2000"])

        print("simulation: \(run.lines.last ?? "no output")")
        #expect(run.status == 0, "\(run.output.suffix(4_000))")
    }

    @Test("The control: where packets take longer than the drain some are lost, and the simulation sees it")
    func slowPath() async throws {
        let run = try await Self.simulate.run(["--seeds", "1..100", "--slow-path", "--first"])

        #expect(run.status == 1)
        #expect(run.output.contains("was lost"))
    }

    @Test(
        "A fault planted in the code is found within 1000 seeds",
        arguments: [
            ("believes-the-target", 1), ("enforces-early", 1), ("forgets-drain", 1), ("forgets-generation", 5_001),
            ("forgets-silent-orders", 1), ("recreates-associations", 1), ("reports-the-order", 1),
            ("reuses-offers", 1), ("reuses-slots", 1), ("says-hello-once", 1), ("skips-barrier", 1),
            ("takes-old-orders", 2_001), ("tells-spares-again", 1), ("trusts-late-reports", 1),
        ])
    func mutation(flaw: String, seed: Int) async throws {
        // Rare ones have another thousand: what they need is not in every one.
        let run = try await Self.simulate.run(
            ["--seeds", "\(seed)..\(seed + 999)", "--first", "--flaw", flaw])

        let first = run.lines.first { $0.contains(" violation: ") } ?? "nothing"
        print("simulation: \(flaw): \(first.split(separator: " ").prefix(2).joined(separator: " "))")
        #expect(run.status == 1, "not found")
        #expect(run.output.contains(" violation: "), "it crashed instead: \(run.output.suffix(2_000))")
    }
}
