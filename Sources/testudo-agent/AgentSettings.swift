internal import Agent
internal import Fleet
internal import LinuxHost

/// The agent's configuration: a key=value file, overridden by environment variables, overridden by flags.
struct AgentSettings {
    static let keys = [
        "name", "coordinator", "coordinator_key", "bus_key_file", "identity_key_file", "state_directory",
        "minimum_rung", "pins",
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
    var rules: NodeRules

    /// What must survive a restart.
    var recordPath: String { Self.recordPath(in: stateDirectory) }

    private static let standardStateDirectory = "/var/lib/testudo-agent"
    private static func recordPath(in directory: String) -> String { directory + "/record" }

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
        guard let endpoint = endpoint(coordinator) else {
            throw HostError("\(place): coordinator: expected tcp://IP-ADDRESS:PORT, found \(coordinator)")
        }
        return AgentSettings(
            name: name, coordinator: coordinator, coordinatorKey: try required("coordinator_key"),
            busKeyFile: try required("bus_key_file"), identityKeyFile: try required("identity_key_file"),
            stateDirectory: values["state_directory"] ?? standardStateDirectory,
            rules: try rules(values, place, endpoint))
    }

    /// Where the record lies, whatever else is wrong with the settings: no mistake in them may leave a machine open when
    /// it starts.
    ///
    /// - Parameters:
    ///   - text: the file's, `nil` where it could not be read.
    /// - Returns: the path, and what an operator must mend, `nil` where nothing is wrong.
    static func recordPath(
        path: String, text: String?, environment: [String: String]
    ) -> (record: String, complaint: String?) {
        let key = "state_directory"
        let given = (text ?? "").split(whereSeparator: \.isNewline).compactMap { line -> String? in
            guard let equals = line.firstIndex(of: "="), trim(line[..<equals]) == key else { return nil }
            return String(trim(line[line.index(after: equals)...]))
        }
        let values = [environment[prefix + key.uppercased()]].compactMap(\.self) + given
        let directory = values.first { !$0.isEmpty } ?? standardStateDirectory
        var complaint = "\(path) cannot be read"
        if let text {
            do throws(HostError) {
                _ = try read(file: (path, text), environment: environment, flags: [:])
                return (recordPath(in: directory), nil)
            } catch { complaint = "\(error)" }
        }
        return (recordPath(in: directory), "\(complaint): the record is taken from \(directory) all the same")
    }

    /// `minimum_rung` and `pins`: NAME IDENTITY_KEY ADDRESS…, several divided by semicolons.
    private static func rules(
        _ values: [String: String], _ place: String, _ coordinator: NodeRules.Coordinator
    ) throws(HostError) -> NodeRules {
        var rules = NodeRules(coordinator: coordinator)
        if let text = values["minimum_rung"] {
            guard let rung = Rung.ladder.first(where: { $0.description == text }) else {
                throw HostError("\(place): minimum_rung: expected clear, accept, send or enforce")
            }
            rules.minimumRung = rung
        }
        for pin in (values["pins"] ?? "").split(separator: ";") {
            let words = pin.split { $0 == " " || $0 == "\t" }.map(String.init)
            if words.isEmpty { continue }
            guard words.count >= 3, let name = NodeName(words[0]), let key = Base64.decode(words[1]), key.count == 32
            else { throw HostError("\(place): pins: expected NAME IDENTITY_KEY ADDRESS… between semicolons") }
            let addresses = words.dropFirst(2).compactMap { Address($0) }
            guard addresses.count == words.count - 2 else {
                throw HostError("\(place): pins: \(name): expected IP addresses after the key")
            }
            guard rules.pins.updateValue(.init(identityKey: key, addresses: Set(addresses)), forKey: name) == nil else {
                throw HostError("\(place): pins: \(name) is pinned twice")
            }
        }
        return rules
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

    private static func endpoint(_ text: String) -> NodeRules.Coordinator? {
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        let host = text[..<colon].dropFirst("tcp://".count).filter { $0 != "[" && $0 != "]" }
        return Address(String(host)).map { .init(address: $0, port: port) }
    }
}
