import Foundation

/// A folder that goes with the test.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "testudo-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, and the folders above it.
    func write(_ text: String, to name: String) throws {
        let file = URL(filePath: path).appending(path: name)
        try makeFolder(of: file)
        try Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to destination: String) throws {
        let file = URL(filePath: path).appending(path: name)
        try makeFolder(of: file)
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: destination)
    }

    private func makeFolder(of file: URL) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    }
}
