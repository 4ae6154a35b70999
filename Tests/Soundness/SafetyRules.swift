extension Rule {
    static let noForce = Rule(
        title: "Nothing is forced: no force unwrap, cast, try or implicitly unwrapped optional outside mains",
        remedy: "Use guard let, a typed throw, or a precondition with a fact; in a test, `try #require(…)`.",
        findings: { tree in
            tree.swiftFiles.filter { !$0.file.isMain && Generated.files[$0.file.path] == nil }.flatMap { file, text in
                text.tokens.indices.filter { isForce(at: $0, in: text.tokens) }.map {
                    Finding(file, line: text.tokens[$0].line, "forces with `\(text.tokens.text(at: $0 - 1))!`")
                }
            }
        },
        violations: [
            "let a = b!", "b!.c()", "a[0]!", "f()!", "try! f()", "a as! B", "var a: Int!", "\"\\(a!)\"", "{ 1 }()!",
            "let a = Int(\"1\")!", "a?.b!", "`in`!", "a! += 1", "let a: [Int]!",
        ].map { .planted("Sources/Agent/A.swift", $0) } + [.planted("Tests/Agent/A.swift", "let a = b!")],
        lookalikes: [
            .planted("Sources/Agent/A.swift", "if !a, a != b, a !== b, !f() {}\n// a!\nlet c = \"a!\" // b!\n"),
            .planted("Sources/Agent/A.swift", "#if !DEBUG\n#endif\nprefix func ! (a: A) -> A\nf(!a)\nlet d = /a!/\n"),
            .planted("Sources/testudo-agent/main.swift", "let a = try! b()\n"),
        ])

    static let noFatalError = Rule(
        title: "No fatalError outside mains",
        remedy:
            "Throw what the caller can act on; for a programmer's error write a precondition with a fact; in a test, "
            + "Issue.record.",
        findings: { tree in
            tree.swiftFiles.filter { !$0.file.isMain }.flatMap { file, text in
                text.tokens.filter { $0.text == "fatalError" }.map {
                    Finding(file, line: $0.line, "calls fatalError")
                }
            }
        },
        violations: [.planted("Sources/Agent/A.swift", "func a() { fatalError(\"b\") }\n")],
        lookalikes: [
            .planted("Sources/testudo-agent/A.swift", "@main struct A { init() { fatalError() } }\n"),
            .planted("Sources/Agent/A.swift", "// fatalError()\nlet a = \"fatalError\"\n"),
        ])

    static let unsafeIsListed = Rule(
        title: "Every file with unsafe code is on the list, and the list names no other",
        remedy:
            "Do it without: Span, OutputSpan, Mutex, an actor. Where nothing else serves, add the file and its reason "
            + "to Tests/Soundness/UnsafeList.swift; remove a file that needs it no more.",
        findings: { tree in
            let holders = tree.swiftFiles.filter { !unsafeLines($0.text).isEmpty }.map(\.file)
            let present = Set(tree.files.map(\.path))
            let safe = Set(UnsafeList.files.keys).intersection(present).subtracting(holders.map(\.path))
            // A planted tree holds one file: what it lacks is not stale.
            let isWhole = present.contains("Package.swift")
            let gone = isWhole ? Set(UnsafeList.files.keys).subtracting(present) : []
            return holders.filter { UnsafeList.files[$0.path] == nil && Generated.files[$0.path] == nil }
                .map { Finding($0, "has unsafe code and is not on the list") }
                + safe.union(gone).sorted().map { Finding(place: $0, "is on the list and has no unsafe code") }
        },
        violations: [
            .planted("Sources/Fleet/A.swift", "let a = unsafe b\n"),
            .planted("Sources/Fleet/A.swift", "final class A: @unchecked Sendable {}\n"),
            .planted("Sources/Fleet/A.swift", "nonisolated(unsafe) var a = 1\n"),
            .planted("Sources/MeshKeys/Secret.swift", "let a = 1\n"),
            .planted("Package.swift", "let a = 1\n"),
        ],
        lookalikes: [
            .planted("Sources/MeshKeys/Secret.swift", "let a = unsafe b\n"),
            .planted("Sources/Fleet/A.swift", "// unsafe\nlet unsafeLooking = \"unsafe @unchecked\"\n"),
        ])

    static let unsafeIsExplained = Rule(
        title: "Every unsafe line says why it is safe",
        remedy:
            "Write `// Safe because …` on it, within the \(safetyReachLines) lines above it or the unsafe lines right "
            + "before it, or anywhere in or right above the function around it.",
        findings: { tree in
            tree.swiftFiles.filter { Generated.files[$0.file.path] == nil }.flatMap { file, text in
                unexplainedLines(text).map { Finding(file, line: $0, "is unsafe and does not say why that is safe") }
            }
        },
        violations: [
            .planted("Sources/ZeroMQ/A.swift", "let a = unsafe b\n"),
            .planted("Sources/ZeroMQ/A.swift", "let a = unsafe b // safe\n"),
            .planted("Sources/ZeroMQ/A.swift", "// Safe because of c.\n\n\n\n\n\n\nlet a = unsafe b\n"),
            .planted("Sources/ZeroMQ/A.swift", "func a() { // Safe because of c.\n}\n\n\n\n\n\n\nlet a = unsafe b\n"),
            .planted("Sources/ZeroMQ/A.swift", "let c = \"// Safe because\"\nlet a = unsafe b\n"),
        ],
        lookalikes: [
            .planted("Sources/ZeroMQ/A.swift", "let a = unsafe b // Safe because of c.\n"),
            .planted(
                "Sources/ZeroMQ/A.swift",
                "/// Safe because of c.\n@inline(never)\nfinal class A: @unchecked Sendable {}\n"),
            .planted("Sources/ZeroMQ/A.swift", "// Safe because of c.\n\n\n\n\n\nlet a = unsafe b\nlet b = unsafe a\n"),
            .planted(
                "Sources/ZeroMQ/A.swift",
                "func a() {\n// Safe because of c.\n\n\n\n\n\n\n\n\n    let a = unsafe b\n}\n"),
            .planted(
                "Sources/ZeroMQ/A.swift",
                "/// Does it.\n///\n/// Safe because of c.\n@inline(never)\nfunc a() {\n\n\n\n\n\n\n    unsafe b()\n}\n"
            ),
        ])

    /// One comment covers a short block.
    private static let safetyReachLines = 6

    private static func isForce(at index: Int, in tokens: [Token]) -> Bool {
        guard tokens[index].text == "!", tokens[index].isAttached, index > 0 else { return false }
        let before = tokens[index - 1]
        guard before.isWord || [")", "]", "}", "\"", "?", ">", "`"].contains(before.text) else { return false }
        // `a!=b` compares.
        guard tokens.indices.contains(index + 1) else { return true }
        return !(tokens[index + 1].text == "=" && tokens[index + 1].isAttached)
    }

    /// The lines that say `unsafe`, in any of its forms, or `@unchecked`.
    private static func unsafeLines(_ text: SwiftText) -> [Int] {
        var lines: Set<Int> = []
        for (index, token) in text.tokens.enumerated() {
            let isUnchecked = token.text == "unchecked" && text.tokens.text(at: index - 1) == "@"
            // `.unsafe` is somebody's case or member.
            let isUnsafe = token.text == "unsafe" && text.tokens.text(at: index - 1) != "."
            if isUnchecked || isUnsafe { lines.insert(token.line) }
        }
        return lines.sorted()
    }

    /// The unsafe lines without an explanation; a line right after an explained unsafe one shares its.
    private static func unexplainedLines(_ text: SwiftText) -> [Int] {
        func explains(_ lines: ClosedRange<Int>) -> Bool {
            lines.contains { text.comments[$0].contains("Safe because") }
        }
        let explainedFunctions = FunctionSpan.all(in: text.tokens).filter { explains(withComments($0, text)) }
        var explained: Set<Int> = []
        return unsafeLines(text).filter { line in
            let isExplained =
                explains(max(0, line - safetyReachLines)...line) || explained.contains(line - 1)
                || explainedFunctions.contains { $0.lines.contains(line) }
            if isExplained { explained.insert(line) }
            return !isExplained
        }
    }

    /// A function with the comments and attributes right above it.
    private static func withComments(_ function: FunctionSpan, _ text: SwiftText) -> ClosedRange<Int> {
        var first = function.lines.lowerBound
        while first > 0 {
            let code = text.code[first - 1].drop { $0 == " " }
            let isComment = code.isEmpty && text.comments[first - 1].contains("//")
            guard isComment || code.hasPrefix("@") else { break }
            first -= 1
        }
        return first...function.lines.upperBound
    }
}
