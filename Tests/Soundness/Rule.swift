import Testing

/// What breaks a rule, and where.
struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// `path:line`, or a path alone.
    let place: String
    let what: String

    init(_ file: SourceFile, line: Int? = nil, _ what: String) {
        place = line.map { "\(file.path):\($0 + 1)" } ?? file.path
        self.what = what
    }

    init(place: String, _ what: String) {
        self.place = place
        self.what = what
    }

    var description: String { "\(place): \(what)" }
}

/// A rule that the source tree keeps, with the proof that it can be broken.
///
/// To add one: write a `static let` beside its kin, and name it in ``all``. The tests do the rest.
struct Rule: Sendable, CustomTestStringConvertible {
    /// The requirement in plain English.
    let title: String
    /// What to do instead, in the imperative.
    let remedy: String
    /// Everything in a tree that breaks the rule.
    let findings: @Sendable (SourceTree) -> [Finding]
    /// Files each of which, alone in a tree, breaks the rule.
    let violations: [SourceFile]
    /// Files that look alike and break nothing.
    let lookalikes: [SourceFile]

    var testDescription: String { title }

    static let all: [Rule] =
        [.imports, .exclusiveModules, .everyTargetHasARow, .agentStaysSmall, .purity]
        + [.fileLength, .functionLength]
        + [.noForce, .noFatalError, .unsafeIsListed, .unsafeIsExplained]
        + [.nothingLeftToDo, .noMachinePaths, .scriptsRun, .targetsAreDocumented, .filesAreDocumented, .plainTypeNames]
}

extension SourceFile {
    /// A planted file of a few lines.
    static func planted(_ path: String, _ text: String, isExecutable: Bool = false) -> SourceFile {
        SourceFile(path: path, text: text, isExecutable: isExecutable)
    }
}
