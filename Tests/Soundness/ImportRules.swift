extension Rule {
    static let imports = Rule(
        title: "A target imports only what its row of ImportTable allows, each for a reason",
        remedy: "Move the code to the target that may, or pass the value in; where the arrow is right, add it to "
            + "Tests/Soundness/ImportTable.swift with its reason.",
        findings: { tree in
            tree.swiftFiles.filter { Generated.files[$0.file.path] == nil }.flatMap { file, text -> [Finding] in
                guard let target = file.target, let row = ImportTable.allowed[target] else { return [] }
                return Import.all(in: text.tokens).filter { !ImportTable.allows($0.module, in: row) }.map {
                    Finding(file, line: $0.line, "\(target) may not import \($0.module)")
                }
            }
        },
        violations: [
            .planted("Sources/Fleet/A.swift", "import Foundation\n"),
            .planted("Sources/Ladder/A.swift", "internal import XFRM\n"),
            .planted("Sources/Agent/A.swift", "/// Text.\n@preconcurrency public import Netlink\n"),
            .planted("Sources/Bus/A.swift", "import struct FoundationEssentials.Data\n"),
            .planted("Sources/XFRM/A.swift", "#if os(Linux)\n  private import Glibc\n#endif\n"),
            .planted("Sources/ONTAP/A.swift", "@_spi(Testing) import Fleet\n"),
        ],
        lookalikes: [
            .planted(
                "Sources/Ladder/A.swift", "public import Fleet\n// import Foundation\nlet a = \"import Foundation\"\n"),
            .planted("Sources/Store/A.swift", "internal import FoundationEssentials\n"),
            .planted("Tests/Fleet/A.swift", "import Foundation\n@testable import Fleet\n"),
            .planted("Sources/BusProtocol/testudo.pb.swift", "import Foundation\n"),
        ])

    static let exclusiveModules = Rule(
        title: "C and the large frameworks are imported in one target each",
        remedy:
            "Ask the owning target for what is missing (ImportTable.exclusive names it); its tests may import it too.",
        findings: { tree in
            tree.swiftFiles.flatMap { file, text in
                Import.all(in: text.tokens).compactMap { found in
                    guard let owner = ImportTable.exclusive[found.module],
                        !file.folders.contains(Substring(owner.target)), !file.path.hasPrefix("benchmarks/")
                    else { return nil }
                    return Finding(
                        file, line: found.line, "only \(owner.target) imports \(found.module): \(owner.instead)")
                }
            }
        },
        violations: [
            .planted("Sources/Netlink/A.swift", "internal import CZeroMQ\n"),
            .planted("Sources/testudo-agent/A.swift", "internal import CMnl\n"),
            .planted("Tests/Coordinator/A.swift", "import GRDB\n"),
            .planted("Sources/Coordinator/A.swift", "public import Hummingbird\n"),
        ],
        lookalikes: [
            .planted("Sources/Netlink/A.swift", "internal import CMnl\n"),
            .planted("Tests/Store/A.swift", "import GRDB\n"),
            .planted("benchmarks/Sources/Floor/A.swift", "import CZeroMQ\n"),
        ])

    static let everyTargetHasARow = Rule(
        title: "Every target of the package has its row in ImportTable",
        remedy: "Add a row to Tests/Soundness/ImportTable.swift: what the target may import, and why.",
        findings: { tree in
            let targets = Set(tree.files.compactMap(\.target))
            return targets.subtracting(ImportTable.allowed.keys).sorted().map {
                Finding(place: "Sources/\($0)", "has no row")
            }
        },
        violations: [.planted("Sources/Extra/A.swift", "")],
        lookalikes: [.planted("Sources/Fleet/A.swift", ""), .planted("Tests/Extra/A.swift", "")])

    static let agentStaysSmall = Rule(
        title: "Nothing that the agent links imports full Foundation",
        remedy: "Use the standard library, Glibc or CLinux; FoundationEssentials only where ImportTable lists it.",
        findings: { tree in
            let linked = Import.closure(of: ImportTable.agentMain)
            return tree.swiftFiles.flatMap { file, text -> [Finding] in
                // Generated code asks for FoundationEssentials first and takes Foundation only where there is none.
                guard let target = file.target, linked.contains(target), Generated.files[file.path] == nil else {
                    return []
                }
                return Import.all(in: text.tokens).filter { ImportTable.fullFoundation.contains($0.module) }.map {
                    Finding(file, line: $0.line, "\(target) is part of the agent and imports \($0.module)")
                }
            }
        },
        violations: [
            .planted("Sources/MeshKeys/A.swift", "import Foundation\n"),
            .planted("Sources/Simulated/A.swift", "internal import struct Foundation.Data\n"),
            .planted("Sources/testudo-agent/main.swift", "import FoundationNetworking\n"),
        ],
        lookalikes: [
            .planted("Sources/Store/A.swift", "import Foundation\n"),
            .planted("Sources/MeshKeys/A.swift", "import FoundationEssentials\n"),
        ])
}

/// One `import` of a file.
struct Import: Hashable, Sendable {
    let module: String
    /// Counted from 0.
    let line: Int

    /// All imports: of modules, submodules and single declarations, with any attribute and access level.
    static func all(in tokens: [Token]) -> [Import] {
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "import", tokens.text(at: index - 1) != "." else { return nil }
            let name = kinds.contains(tokens.text(at: index + 1)) ? index + 2 : index + 1
            guard tokens.indices.contains(name), tokens[name].isWord else { return nil }
            return Import(module: tokens[name].text, line: tokens[index].line)
        }
    }

    /// A target and all that it may import, directly or not, as far as the table goes.
    static func closure(of target: String) -> Set<String> {
        var reached: Set<String> = [target]
        var open = [target]
        while let next = open.popLast() {
            for module in ImportTable.allowed[next, default: [:]].keys where reached.insert(module).inserted {
                open.append(module)
            }
        }
        return reached
    }
}
