extension Rule {
    static let purity = Rule(
        title: "Pure targets use no clock, task, randomness, log or environment",
        remedy:
            "Take the time, the random bytes or the answer as a parameter, and return an effect for the shell to do.",
        findings: { tree in
            tree.swiftFiles.flatMap { file, text -> [Finding] in
                guard let target = file.target, ImportTable.pureTargets.contains(target) else { return [] }
                return text.tokens.indices.compactMap { index in
                    guard let word = Impurity(at: index, in: text.tokens) else { return nil }
                    return Finding(file, line: text.tokens[index].line, "\(target) is pure and uses \(word.text)")
                }
            }
        },
        violations: [
            "let a = ContinuousClock.now", "let a = SuspendingClock()", "Task { }", "Task.detached {}",
            "let a = Task(priority: nil) {}", "let a: Task<Void, Never>", "let a = UInt8.random(in: 0...9)",
            "var a = SystemRandomNumberGenerator()", "print(1)", "let a = list.randomElement()", "list.shuffle()",
            "func a() async {}", "await a()", "actor A {}", "let a = readLine()", "let a = CommandLine.arguments",
            "func a(_ clock: some Clock) {}", "debugPrint(1)", "@MainActor func a() {}",
        ].map { .planted("Sources/Ladder/A.swift", $0) },
        lookalikes: [
            .planted("Sources/Agent/A.swift", "await print(ContinuousClock.now)"),
            .planted("Sources/Ladder/A.swift", "// print(Task.self)\nlet a = \"await\"\nlog.print(1)\n"),
            .planted("Sources/Ladder/A.swift", "enum Task: Hashable {}\nlet a: Task\nlet b = Order.Task.offer\n"),
            .planted("Sources/XFRM/A.swift", "struct Random { var random: UInt8 }\nfunc print() {}\n"),
        ])
}

/// A word that only impure code has a use for.
private struct Impurity {
    let text: String

    private static let words: Set<String> = [
        "TaskGroup", "Clock", "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator",
        "CommandLine", "async", "await", "actor", "MainActor",
    ]
    /// Impure where they are called as functions or, after a dot, as methods.
    private static let functions: Set<String> = ["print", "debugPrint", "readLine"]
    private static let methods: Set<String> = ["random", "randomElement", "shuffle", "shuffled"]

    init?(at index: Int, in tokens: [Token]) {
        let text = tokens[index].text
        let before = tokens.text(at: index - 1)
        let isCall = tokens.text(at: index + 1) == "("
        let isFunction = isCall && before != "." && before != "func" && Self.functions.contains(text)
        let isMethod = isCall && before == "." && Self.methods.contains(text)
        guard Self.words.contains(text) || isFunction || isMethod || Self.isTask(at: index, in: tokens) else {
            return nil
        }
        self.text = text
    }

    /// Whether a `Task` is that of the standard library: an order's own is reached by a dot, declared, or is some type.
    private static func isTask(at index: Int, in tokens: [Token]) -> Bool {
        guard tokens[index].text == "Task" else { return false }
        let isOurs = [".", ":", ">", "enum", "struct", "extension"].contains(tokens.text(at: index - 1))
        let next = tokens.text(at: index + 1)
        let members = ["sleep", "yield", "detached", "isCancelled", "checkCancellation", "currentPriority"]
        return next == "<" || (!isOurs && ["{", "("].contains(next))
            || (next == "." && members.contains(tokens.text(at: index + 2)))
    }
}
