extension Rule {
    static let nothingLeftToDo = Rule(
        title: "Nothing in the tree is marked as left to do",
        remedy: "Do it now, or open an issue and describe the limit as a fact.",
        findings: { tree in
            findings(of: marks, in: tree) { "says \($0)" }
        },
        violations: marks.map { .planted("Sources/Fleet/A.swift", "// \($0): later\n") }
            + marks.map { .planted("README.md", "It works (\($0)).\n") },
        lookalikes: [.planted("scripts/run", "mktemp /tmp/aXXXXXX\n"), .planted("README.md", "A todo list, a hack.\n")])

    static let noMachinePaths = Rule(
        title: "No file names a path of somebody's machine",
        remedy:
            "Make it relative to the file or the root, take it from the environment, or use a path of the standard.",
        findings: { tree in
            tree.files.flatMap { file in
                file.lines.indices.compactMap { line in
                    homes.first { contains(file.lines[line], path: $0) }.map {
                        Finding(file, line: line, "names a path below \($0)")
                    }
                }
            }
        },
        violations: homes.map { .planted("scripts/run", "cd \($0)/someone\n") }
            + [.planted("README.md", "`\(homes[0])/main`"), .planted("A.c", "#include \"\(homes[1])/a.h\"")],
        lookalikes: [
            .planted("README.md", "GET /api\(homes[0])/a, and\(homes[1])/or, ../shared\(homes[0])/b, ~\(homes[1])/c\n")
        ])

    static let scriptsRun = Rule(
        title: "Every script with a first line #! is executable",
        remedy: "chmod +x it.",
        findings: { tree in
            tree.files.filter { $0.lines.first?.hasPrefix("#!") == true && !$0.isExecutable }.map {
                Finding($0, "begins with #! and is not executable")
            }
        },
        violations: [.planted("scripts/run", "#!/bin/sh\n")],
        lookalikes: [
            .planted("scripts/run", "#!/bin/sh\n", isExecutable: true), .planted("README.md", "# Title\n#!/bin/sh\n"),
        ])

    static let targetsAreDocumented = Rule(
        title: "Every target says in a doc comment what it is for",
        remedy: "Begin its main file with a `///` comment: first line a sentence that stands alone.",
        findings: { tree in
            let targets = Dictionary(grouping: tree.files.filter { $0.target != nil }) { $0.target ?? "" }
            return targets.filter { !$0.value.contains(where: isDocumented) }.keys.sorted().map {
                Finding(place: "Sources/\($0)", "has no doc comment in any file")
            }
        },
        violations: [.planted("Sources/Fleet/A.swift", "// Not a doc.\nstruct A {}\n")],
        lookalikes: [
            .planted("Sources/Fleet/A.swift", "/// What it is.\nstruct A {}\n"),
            .planted("Sources/CMnl/shim.h", "// Why it is here.\n#include <a.h>\n"),
        ])

    static let filesAreDocumented = Rule(
        title: "Every source file says in a comment above its first declaration what it is about",
        remedy: "Begin with a `///` comment on the main type: a sentence that stands alone.",
        findings: { tree in
            tree.swiftFiles.compactMap { file, text in
                let isExempt = file.isTest || file.isMain || Generated.files[file.path] != nil
                guard file.target != nil, !isExempt, let line = firstDeclaration(text) else { return nil }
                // An extension is about what it extends; its members have comments of their own.
                let isExtension = text.tokens.first { $0.line == line }?.text == "extension"
                let isDocumented = isExtension || text.comments[..<line].contains { $0.contains("//") }
                return isDocumented ? nil : Finding(file, line: line, "has no comment above it")
            }
        },
        violations: [.planted("Sources/Fleet/A.swift", "import B\n\npublic struct A {\n    /// Late.\n}\n")],
        lookalikes: [
            .planted("Sources/Fleet/A.swift", "public import B\n\n/// What it is.\n@safe\npublic struct A {}\n"),
            .planted("Sources/Fleet/A.swift", "// Numbers as netlink has them.\n\nprivate let a = 1\n"),
            .planted("Sources/Fleet/A.swift", "import B\n\nextension A {\n}\n"),
            .planted("Sources/Fleet/A.swift", "#if os(Linux)\nimport Glibc\n#endif\n"),
        ])

    static let plainTypeNames = Rule(
        title: "Types say what they are, not what pattern they follow",
        remedy: "Name the thing of the domain: Lease, Rollout, NodeReport.",
        findings: { tree in
            tree.swiftFiles.flatMap { file, text in
                text.tokens.indices.compactMap { index in
                    let name = text.tokens.text(at: index + 1)
                    guard
                        ["struct", "class", "enum", "actor", "protocol", "typealias"].contains(text.tokens[index].text),
                        patterns.contains(where: { name.hasSuffix($0) })
                    else { return nil }
                    return Finding(file, line: text.tokens[index].line, "declares \(name)")
                }
            }
        },
        violations: patterns.map { .planted("Sources/Fleet/A.swift", "struct Node\($0) {}\n") },
        lookalikes: [.planted("Sources/Fleet/A.swift", "let a = FileManager.default\nstruct Implementation {}\n")])

    // Written in halves, so that this file keeps its own rules.
    private static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
    private static let homes = ["work", "home", "farm", "Users"].map { "/" + $0 }
    private static let patterns = ["Manager", "Helper", "Utils", "Util", "Impl"]

    private static func findings(
        of words: [String], in tree: SourceTree, _ what: (String) -> String
    ) -> [Finding] {
        tree.files.flatMap { file in
            file.lines.indices.flatMap { line in
                words.filter { contains(file.lines[line], word: $0) }.map { Finding(file, line: line, what($0)) }
            }
        }
    }

    private static func contains(_ line: String, word: String) -> Bool {
        line.ranges(of: word).contains { range in
            !isWordCharacter(line[..<range.lowerBound].last) && !isWordCharacter(line[range.upperBound...].first)
        }
    }

    /// An absolute path below a folder: not a part of a longer path, and not the folder's name alone.
    private static func contains(_ line: String, path: String) -> Bool {
        line.ranges(of: path + "/").contains { range in
            let before = line[..<range.lowerBound].last
            return !isWordCharacter(before) && !(before.map { ".~-})".contains($0) } ?? false)
                && isWordCharacter(line[range.upperBound...].first)
        }
    }

    private static func isWordCharacter(_ character: Character?) -> Bool {
        character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }

    /// A Swift file needs `///`; a C module's header or module map explains itself in any comment.
    private static func isDocumented(_ file: SourceFile) -> Bool {
        let marks = file.swift == nil ? ["//", "/*"] : ["///"]
        return file.lines.contains { line in
            let text = line.drop { $0 == " " }
            return marks.contains { text.hasPrefix($0) }
        }
    }

    /// The line of the first token that is neither an import nor a condition around one.
    private static func firstDeclaration(_ text: SwiftText) -> Int? {
        text.code.indices.first { line in
            let code = text.code[line].drop { $0 == " " }
            let isImport = code.split(separator: " ").contains("import")
            return !code.isEmpty && !isImport && !code.hasPrefix("#")
        }
    }
}
