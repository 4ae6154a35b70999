import Foundation
import Testing

@Suite("Soundness")
struct SoundnessTests {
    @Test("The source tree keeps the rule", arguments: Rule.all)
    func kept(rule: Rule) throws {
        let tree = try SourceTree.ours.get()

        for finding in rule.findings(tree) {
            Issue.record("\(finding). \(rule.remedy)")
        }
    }

    @Test("A planted violation is found", arguments: Rule.all)
    func found(rule: Rule) {
        #expect(!rule.violations.isEmpty, "a rule that nothing breaks proves nothing")
        for file in rule.violations {
            #expect(!rule.findings(SourceTree(files: [file])).isEmpty, "missed in \(file.path): \(file.lines)")
        }
    }

    @Test("A look-alike is not taken for a violation", arguments: Rule.all)
    func spared(rule: Rule) {
        #expect(!rule.lookalikes.isEmpty)
        for file in rule.lookalikes {
            #expect(rule.findings(SourceTree(files: [file])) == [], "in \(file.path): \(file.lines)")
        }
    }

    @Test("The tree that is read is the whole project")
    func wholeTree() throws {
        let tree = try SourceTree.ours.get()

        let paths = Set(tree.files.map(\.path))
        #expect(paths.isSuperset(of: ["Package.swift", "Makefile", ".ci/run", "Tests/Soundness/SoundnessTests.swift"]))
        let targets = Set(tree.files.compactMap(\.target))
        #expect(Set(ImportTable.allowed.keys).subtracting(targets) == [], "rows of ImportTable without a target")
        #expect(Set(Generated.files.keys).subtracting(paths) == [], "Generated.files names files that are gone")
    }

    @Test("The root is the folder above that holds Testudo's manifest, and nothing else will do")
    func root() throws {
        let root = try SourceTree.root(from: #filePath, override: nil)
        #expect(try SourceTree.root(from: "/nowhere/A.swift", override: root.path).path == root.path)
        #expect(throws: SourceTree.NotFound.self) { try SourceTree.root(from: "/nowhere/A.swift", override: nil) }
        #expect(throws: SourceTree.NotFound.self) { try SourceTree.root(from: #filePath, override: "/nowhere") }
    }

    @Test("The table lets nothing that the agent links have full Foundation, and points in no circle")
    func tableIsSound() {
        for target in Import.closure(of: ImportTable.agentMain) {
            let row = Set(ImportTable.allowed[target, default: [:]].keys)
            #expect(row.isDisjoint(with: ImportTable.fullFoundation), "\(target) is part of the agent")
        }
        for (target, row) in ImportTable.allowed {
            for module in row.keys {
                #expect(!Import.closure(of: module).contains(target), "\(target) and \(module) import each other")
            }
            #expect(row.values.allSatisfy { !$0.isEmpty }, "\(target) has an arrow without a reason")
        }
    }

    @Test("A pure target imports nothing but pure targets")
    func pureStaysPure() {
        for target in ImportTable.pureTargets {
            #expect(ImportTable.pureTargets.isSuperset(of: Import.closure(of: target)), "\(target)")
        }
    }
}
