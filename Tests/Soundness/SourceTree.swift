/// One text file of the project.
struct SourceFile: Sendable {
    /// Relative to the root, with `/` between its parts.
    let path: String
    let isExecutable: Bool
    /// Its lines without their ends.
    let lines: [String]
    /// Code and comments told apart, for a Swift file.
    let swift: SwiftText?

    init(path: String, text: String, isExecutable: Bool = false) {
        self.path = path
        self.isExecutable = isExecutable
        // "\r\n" is one Character: splitting on `isNewline` sees it as the line end it is.
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
        swift = path.hasSuffix(".swift") ? SwiftText(text) : nil
    }

    var folders: [Substring] { path.split(separator: "/").dropLast() }
    var name: Substring { path.split(separator: "/").last ?? "" }

    /// The target that a file below `Sources` belongs to.
    var target: String? { folders.count >= 2 && folders[0] == "Sources" ? String(folders[1]) : nil }
    var isTest: Bool { folders.contains("Tests") }

    /// The last resort of a program is to stop with a sentence: mains may.
    var isMain: Bool {
        guard let swift, path.hasPrefix("Sources/testudo") || !path.hasPrefix("Sources/") else { return false }
        return name == "main.swift" || swift.tokens.adjacent("@", "main")
    }
}

/// The project's own text files: all that git tracks or would track.
struct SourceTree: Sendable {
    var files: [SourceFile]

    var swiftFiles: [(file: SourceFile, text: SwiftText)] {
        files.compactMap { file in file.swift.map { (file, $0) } }
    }
}
