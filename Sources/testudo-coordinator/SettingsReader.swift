internal import LinuxHost
internal import Yams

/// Reads a YAML mapping strictly: an unknown or wrong key is refused with its path and what is allowed there.
///
/// swift-configuration reads keys by name only: it can neither list the nodes nor notice a key that nobody asks for.
struct SettingsReader {
    let file: String
    let path: String
    private let node: Node?

    init(file: String, text: String) throws(HostError) {
        self.file = file
        path = ""
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw HostError("\(file): \(error)")
        }
    }

    private init(file: String, path: String, node: Node?) {
        self.file = file
        self.path = path
        self.node = node
    }

    var isMissing: Bool { node == nil }

    /// The value of a key of this mapping, also where it is missing.
    func at(_ key: String) -> SettingsReader {
        SettingsReader(file: file, path: path.isEmpty ? key : "\(path).\(key)", node: node?.mapping?[Node(key)])
    }

    /// Refuses anything but a mapping with these keys, or nothing at all.
    func allow(_ keys: [String]) throws(HostError) {
        guard let node else { return }
        guard let mapping = node.mapping else { throw mistake("expected a mapping of \(keys.joined(separator: ", "))") }
        for (key, _) in mapping where !keys.contains(key.string ?? "") {
            let name = key.string ?? "?"
            throw HostError(
                "\(file): unknown key \(path.isEmpty ? name : "\(path).\(name)"); allowed here: \(keys.joined(separator: ", "))"
            )
        }
    }

    func mistake(_ text: String) -> HostError { HostError("\(file): \(path.isEmpty ? "the file" : path): \(text)") }

    func string(_ fallback: String? = nil) throws(HostError) -> String {
        guard let node else {
            guard let fallback else { throw mistake("is missing") }
            return fallback
        }
        guard let text = node.scalar?.string, !text.isEmpty else { throw mistake("expected a text") }
        return text
    }

    func bool(_ fallback: Bool) throws(HostError) -> Bool {
        guard let node else { return fallback }
        guard let value = node.bool else { throw mistake("expected true or false") }
        return value
    }

    func number(_ range: ClosedRange<UInt64>, _ fallback: UInt64) throws(HostError) -> UInt64 {
        guard let node else { return fallback }
        guard let value = node.int, let value = UInt64(exactly: value), range.contains(value) else {
            throw mistake("expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The elements of a sequence; a missing one is empty.
    func elements() throws(HostError) -> [SettingsReader] {
        guard let node else { return [] }
        guard let sequence = node.sequence else { throw mistake("expected a list") }
        return sequence.enumerated().map { SettingsReader(file: file, path: "\(path)[\($0)]", node: $1) }
    }
}
