internal import Coordinator
internal import CoordinatorAPI
internal import Fleet
internal import Ladder
internal import LinuxHost

/// The coordinator's configuration file, read and checked.
struct Settings {
    struct Endpoint: Hashable {
        var host: String
        var port: Int
    }

    var fleet: FleetConfiguration
    var busListen: String
    var busKeyFile: String
    /// By node name: the CURVE public key, Z85.
    var busKeys: [NodeName: String] = [:]
    var restListen: Endpoint
    var restDirectory: String
    /// Names and addresses that clients reach the REST server by.
    var restNames: [String]
    /// `nil` for one of our own authority.
    var restCertificate: RESTConfiguration.OwnCertificate?
    var returnTimeoutSeconds: Int64
    var stateDirectory: String

    static func load(_ file: String) throws(HostError) -> Settings {
        guard let bytes = try HostFile.read(file) else { throw HostError("\(file): no such file") }
        return try read(file: file, text: String(decoding: bytes, as: UTF8.self))
    }

    static func read(file: String, text: String) throws(HostError) -> Settings {
        let root = try SettingsReader(file: file, text: text)
        try root.allow(["fleet", "bus", "rest", "state_directory", "rollout", "rotation", "probe", "bypass", "nodes"])
        try root.at("fleet").allow(["name"])
        let bus = root.at("bus")
        try bus.allow(["listen", "addresses", "key_file"])
        let rest = root.at("rest")
        try rest.allow(["listen", "directory", "names", "certificate_file", "key_file", "return_timeout_seconds"])
        let listen = try bus.at("listen").string("tcp://*:7740")
        var settings = Settings(
            fleet: FleetConfiguration(
                name: try root.at("fleet").at("name").string("testudo"), members: [],
                bypass: try bypass(
                    root.at("bypass"), addresses: bus.at("addresses"), port: port(of: listen, bus.at("listen"))),
                limits: try limits(root.at("rollout"), root.at("probe")),
                absent: try absent(root.at("rollout").at("absent")), rotation: try rotation(root.at("rotation")),
                inspectionMilliseconds: try root.at("probe").at("every_seconds").number(0...86_400, 200)
                    .nonzero(times: 1_000),
                probePort: UInt16(try root.at("probe").at("port").number(1...65_535, UInt64(Roster.defaultProbePort)))),
            busListen: listen, busKeyFile: try bus.at("key_file").string(),
            restListen: try endpoint(rest.at("listen"), "0.0.0.0:8443"),
            restDirectory: try rest.at("directory").string("/var/lib/testudo/rest"),
            restNames: try texts(rest.at("names")) + addresses(bus.at("addresses")).map(\.description),
            restCertificate: try certificate(rest),
            returnTimeoutSeconds: Int64(
                try rest.at("return_timeout_seconds").number(
                    0...120, UInt64(RESTConfiguration.returnTimeoutStandard))),
            stateDirectory: try root.at("state_directory").string("/var/lib/testudo"))
        try settings.readNodes(root.at("nodes"))
        return settings
    }

    private mutating func readNodes(_ nodes: SettingsReader) throws(HostError) {
        var owners: [Address: NodeName] = [:]
        for node in try nodes.elements() {
            try node.allow(["name", "addresses", "bus_key", "identity_key"])
            let text = try node.at("name").string()
            guard let name = NodeName(text) else {
                throw node.at("name").mistake("expected 1 to 63 lower-case letters, digits, dots and hyphens")
            }
            guard busKeys[name] == nil else { throw node.at("name").mistake("\(name) is listed twice") }
            let addresses = try Self.addresses(node.at("addresses"))
            guard !addresses.isEmpty else { throw node.at("addresses").mistake("expected an address") }
            guard Set(addresses.map(\.family)).count == addresses.count else {
                throw node.at("addresses").mistake("one address a family: a second one would not be protected")
            }
            for address in addresses {
                if let owner = owners.updateValue(name, forKey: address) {
                    throw node.at("addresses").mistake("\(address) belongs to \(owner) already")
                }
            }
            guard let identity = Base64.decode(try node.at("identity_key").string()), identity.count == 32 else {
                throw node.at("identity_key").mistake(
                    "expected 32 bytes in Base64, as testudo-agent keygen prints them")
            }
            let busKey = try node.at("bus_key").string()
            guard busKey.utf8.count == 40 else {
                throw node.at("bus_key").mistake("expected 40 characters (Z85), as testudo-agent keygen prints them")
            }
            guard !busKeys.values.contains(busKey) else {
                throw node.at("bus_key").mistake("another node has this key: make one for each")
            }
            busKeys[name] = busKey
            fleet.members.append(.init(name: name, addresses: addresses, identityKey: identity))
        }
    }

    private static func addresses(_ list: SettingsReader) throws(HostError) -> [Address] {
        var addresses: [Address] = []
        for element in try list.elements() {
            guard let address = Address(try element.string()) else { throw element.mistake("expected an IP address") }
            addresses.append(address)
        }
        return addresses
    }

    private static func certificate(
        _ rest: SettingsReader
    ) throws(HostError) -> RESTConfiguration.OwnCertificate? {
        if rest.at("certificate_file").isMissing && rest.at("key_file").isMissing { return nil }
        return .init(
            certificateFile: try rest.at("certificate_file").string(), keyFile: try rest.at("key_file").string())
    }

    private static func texts(_ list: SettingsReader) throws(HostError) -> [String] {
        var texts: [String] = []
        for element in try list.elements() { texts.append(try element.string()) }
        return texts
    }

    private static func bypass(
        _ bypass: SettingsReader, addresses list: SettingsReader, port: UInt16
    ) throws(HostError) -> [Bypass] {
        try bypass.allow(["bus", "ssh", "neighbour_discovery"])
        var rules: [Bypass] = []
        let addresses = try addresses(list)
        if try bypass.at("bus").bool(true) {
            guard !addresses.isEmpty else {
                throw list.mistake("name the addresses by which agents reach this coordinator: they are bypassed")
            }
            rules += addresses.map { .bus($0, port: port) }
        }
        if try bypass.at("ssh").bool(true) { rules.append(.ssh) }
        if try bypass.at("neighbour_discovery").bool(true) { rules.append(.neighbourDiscovery) }
        return rules
    }

    private static func limits(
        _ rollout: SettingsReader, _ probe: SettingsReader
    ) throws(HostError) -> RolloutLimits {
        try rollout.allow(["drain_milliseconds", "rung_deadline_milliseconds", "absent"])
        try probe.allow(["enabled", "port", "every_seconds"])
        var limits = RolloutLimits()
        limits.drain = try drain(rollout.at("drain_milliseconds"))
        limits.rungMilliseconds = try rollout.at("rung_deadline_milliseconds").number(
            100...limits.rungMilliseconds, limits.rungMilliseconds)
        limits.probes = try probe.at("enabled").bool(true)
        return limits
    }

    private static func drain(_ setting: SettingsReader) throws(HostError) -> RolloutLimits.Drain {
        let text = try setting.string("auto")
        if text == "auto" { return .automatic }
        guard let milliseconds = UInt64(text), milliseconds <= RolloutLimits.drainMillisecondsMaximum else {
            throw setting.mistake("expected auto, or a number from 0 to \(RolloutLimits.drainMillisecondsMaximum)")
        }
        return .fixed(milliseconds: milliseconds)
    }

    private static func absent(_ setting: SettingsReader) throws(HostError) -> AbsentPolicy {
        guard let policy = AbsentPolicy(rawValue: try setting.string(AbsentPolicy.refuse.rawValue)) else {
            throw setting.mistake("expected refuse or proceed")
        }
        return policy
    }

    private static func rotation(_ rotation: SettingsReader) throws(HostError) -> FleetConfiguration.Rotation {
        try rotation.allow(["every_hours", "packets"])
        let maximum = FleetConfiguration.Rotation.packetsMaximum
        return FleetConfiguration.Rotation(
            everyMilliseconds: try rotation.at("every_hours").number(0...8_760, 0).nonzero(times: 3_600_000),
            packets: try rotation.at("packets").number(1...maximum, maximum))
    }

    private static func port(of endpoint: String, _ setting: SettingsReader) throws(HostError) -> UInt16 {
        guard endpoint.hasPrefix("tcp://"), let text = endpoint.split(separator: ":").last, let port = UInt16(text)
        else {
            throw setting.mistake("expected tcp://ADDRESS:PORT or tcp://*:PORT")
        }
        return port
    }

    private static func endpoint(_ setting: SettingsReader, _ fallback: String) throws(HostError) -> Endpoint {
        let text = try setting.string(fallback)
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw setting.mistake("expected ADDRESS:PORT")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        guard Address(String(host)) != nil else { throw setting.mistake("expected an IP address before the port") }
        return Endpoint(host: String(host), port: Int(port))
    }
}

extension UInt64 {
    /// 0 stands for never.
    fileprivate func nonzero(times factor: UInt64) -> UInt64? { self == 0 ? nil : self * factor }
}
