import Foundation

extension SourceTree {
    /// The tree that these tests were built from, read once.
    static let ours = Result {
        try SourceTree(root: root(from: #filePath, override: ProcessInfo.processInfo.environment["TESTUDO_ROOT"]))
    }

    /// A longer file is data, not source.
    static let fileByteMaximum = 4 << 20

    struct NotFound: Error, CustomStringConvertible {
        let description: String
    }

    /// The override (`TESTUDO_ROOT`) where there is one, else the folder above this file whose `Package.swift` is Testudo's.
    ///
    /// Both the path as compiled and the one behind its symbolic links are climbed.
    static func root(from path: String, override: String?) throws -> URL {
        if let override {
            let root = URL(fileURLWithPath: override)
            guard isRoot(root) else {
                throw NotFound(description: "TESTUDO_ROOT names no Testudo package: \(override)")
            }
            return root
        }
        let compiled = URL(fileURLWithPath: path)
        for start in [compiled, compiled.resolvingSymlinksInPath()] {
            var folder = start.deletingLastPathComponent()
            while folder.path != "/" {
                if isRoot(folder) { return folder }
                folder.deleteLastPathComponent()
            }
        }
        throw NotFound(description: "no Package.swift named testudo above \(path): set TESTUDO_ROOT")
    }

    private static func isRoot(_ folder: URL) -> Bool {
        let manifest = try? String(contentsOf: folder.appendingPathComponent("Package.swift"), encoding: .utf8)
        return manifest?.contains("name: \"testudo\",") == true
    }

    init(root: URL) throws {
        let paths = try Self.tracked(below: root) ?? Self.walked(below: root)
        files = try paths.sorted().compactMap { path in try Self.file(path, below: root) }
    }

    private static func file(_ path: String, below root: URL) throws -> SourceFile? {
        let location = root.appendingPathComponent(path)
        let values = try? location.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
        // Gone since git last looked, a link, a folder, or too long to be source.
        guard values?.isRegularFile == true, let size = values?.fileSize, size <= fileByteMaximum else { return nil }
        guard let text = String(bytes: try Data(contentsOf: location), encoding: .utf8) else { return nil }
        let isExecutable = FileManager.default.isExecutableFile(atPath: location.path)
        return SourceFile(path: path, text: text, isExecutable: isExecutable)
    }

    /// What git tracks or would track; `nil` where there is no git or no repository.
    private static func tracked(below root: URL) throws -> [String]? {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", root.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        // A hook of another repository sets GIT_DIR and the like, which would win over -C.
        git.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GIT_") }
        let output = Pipe()
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        try git.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0, !bytes.isEmpty else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\0").map(String.init)
    }

    /// Every file but what is built or fetched: for a tree that came without its repository.
    private static func walked(below root: URL) -> [String] {
        let skipped: Set<String> = [".build", ".git", "__pycache__", ".venv", "Package.resolved"]
        var paths: [String] = []
        let walk = FileManager.default.enumerator(atPath: root.path)
        while let path = walk?.nextObject() as? String {
            if skipped.contains((path as NSString).lastPathComponent) {
                walk?.skipDescendants()
            } else {
                paths.append(path)
            }
        }
        return paths
    }
}
