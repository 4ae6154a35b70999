/// Files that a tool wrote: their length, style and imports are their generator's.
enum Generated {
    /// By path: what wrote it.
    static let files = ["Sources/BusProtocol/testudo.pb.swift": "protoc-gen-swift, by `make proto`"]
}

extension Rule {
    /// What one reader holds in mind.
    static let sourceLinesMaximum = 400
    /// Tests repeat themselves, and are read one at a time.
    static let testLinesMaximum = 600
    /// One screen.
    static let functionLinesMaximum = 60

    static let fileLength = Rule(
        title: "No source file is over 400 lines, no test over 600",
        remedy: "Split by idea (Rollout+Invariants.swift), not by counting; a file that a tool writes goes into "
            + "Generated.files in Tests/Soundness/SizeRules.swift.",
        findings: { tree in
            tree.files.compactMap { file in
                guard isSource(file), Generated.files[file.path] == nil else { return nil }
                let maximum = file.isTest ? testLinesMaximum : sourceLinesMaximum
                guard file.lines.count > maximum else { return nil }
                return Finding(file, "has \(file.lines.count) lines, \(maximum) at most")
            }
        },
        violations: [
            .planted("Sources/Fleet/A.swift", lines(401)), .planted("Tests/Fleet/A.swift", lines(601)),
            .planted("Sources/CLinux/A.c", lines(401)), .planted("deploy/lab/run", "#!/bin/sh\n" + lines(400)),
        ],
        lookalikes: [
            .planted("Sources/Fleet/A.swift", lines(400)), .planted("Tests/Fleet/A.swift", lines(600)),
            .planted("Sources/BusProtocol/testudo.pb.swift", lines(5_000)), .planted("README.md", lines(500)),
        ])

    static let functionLength = Rule(
        title: "No function is over 60 lines",
        remedy: "Give the steps names: a private function for each, below the one that tells the story.",
        findings: { tree in
            tree.swiftFiles.filter { Generated.files[$0.file.path] == nil }.flatMap { file, text in
                FunctionSpan.all(in: text.tokens).filter { $0.lines.count > functionLinesMaximum }.map {
                    Finding(
                        file, line: $0.lines.lowerBound,
                        "\($0.name) takes \($0.lines.count) lines, \(functionLinesMaximum) at most")
                }
            }
        },
        violations: [
            .planted("Sources/Fleet/A.swift", "func a() {\n" + lines(59) + "}\n"),
            .planted(
                "Tests/Fleet/A.swift", "struct A {\n    init?(\n        b: Int\n    ) {\n" + lines(57) + "    }\n}\n"),
        ],
        lookalikes: [
            .planted("Sources/Fleet/A.swift", "func a() {\n" + lines(58) + "}\n"),
            .planted("Sources/Fleet/A.swift", "protocol A {\n    func a()\n}\nstruct B {\n" + lines(80) + "}\n"),
        ])

    private static func isSource(_ file: SourceFile) -> Bool {
        let endings = [".swift", ".c", ".h", ".py", ".sh", ".proto"]
        return endings.contains { file.path.hasSuffix($0) } || file.lines.first?.hasPrefix("#!") == true
    }

    private static func lines(_ count: Int) -> String {
        String(repeating: "let a = 1\n", count: count)
    }
}
