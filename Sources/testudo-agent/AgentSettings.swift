internal import Fleet
internal import LinuxHost

/// The agent's configuration: a key=value file, overridden by environment variables, overridden by flags.
struct AgentSettings {
    static let keys = [
        "name", "coordinator", "coordinator_key", "bus_key_file", "identity_key_file", "state_directory",
    ]
    /// What stands before a key's upper-case name in the environment: `TESTUDO_COORDINATOR_KEY`.
    static let prefix = "TESTUDO_"

    var name: NodeName
    /// `tcp://ADDRESS:PORT`: an IP address, for names may need a resolver that is a peer.
    var coordinator: String
    /// CURVE public key, Z85.
    var coordinatorKey: String
    var busKeyFile: String
    var identityKeyFile: String
    var stateDirectory: String

    /// - Parameters:
    ///   - file: the file's path and text, `nil` where none was named.
    ///   - flags: by key; only what was given.
    static func read(
        file: (path: String, text: String)?, environment: [String: String], flags: [String: String]
    ) throws(HostError) -> AgentSettings {
        var values: [String: String] = [:]
        if let file { values = try parse(file.text, path: file.path) }
        for key in keys {
            if let value = environment[prefix + key.uppercased()], !value.isEmpty { values[key] = value }
            if let value = flags[key] { values[key] = value }
        }
        let place = file?.path ?? "the settings"
        func required(_ key: String) throws(HostError) -> String {
            guard let value = values[key] else {
                throw HostError("\(place): \(key) is missing (also taken from \(prefix)\(key.uppercased()))")
            }
            return value
        }
        guard let name = NodeName(try required("name")) else {
            throw HostError("\(place): name: expected 1 to 63 lower-case letters, digits, dots and hyphens")
        }
        let coordinator = try required("coordinator")
        guard isEndpoint(coordinator) else {
            throw HostError("\(place): coordinator: expected tcp://IP-ADDRESS:PORT, found \(coordinator)")
        }
        return AgentSettings(
            name: name, coordinator: coordinator, coordinatorKey: try required("coordinator_key"),
            busKeyFile: try required("bus_key_file"), identityKeyFile: try required("identity_key_file"),
            stateDirectory: values["state_directory"] ?? "/var/lib/testudo-agent")
    }

    private static func parse(_ text: String, path: String) throws(HostError) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = trim(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw HostError("\(path), line \(index + 1): expected key = value")
            }
            let key = String(trim(line[..<equals]))
            guard keys.contains(key) else {
                throw HostError(
                    "\(path), line \(index + 1): unknown key \(key); allowed: \(keys.joined(separator: ", "))")
            }
            guard values.updateValue(String(trim(line[line.index(after: equals)...])), forKey: key) == nil else {
                throw HostError("\(path), line \(index + 1): \(key) is given twice")
            }
        }
        return values
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    private static func isEndpoint(_ text: String) -> Bool {
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return false }
        let host = text[..<colon].dropFirst("tcp://".count).filter { $0 != "[" && $0 != "]" }
        return Address(String(host)) != nil
    }
}
