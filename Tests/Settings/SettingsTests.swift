import Agent
import Coordinator
import Fleet
import Foundation
import Ladder
import LinuxHost
import Testing

@testable import testudo_agent
@testable import testudo_coordinator

@Suite("Settings")
struct SettingsTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "config")

    static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test("Every file in config/ is read, and there is no other")
    func examples() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        #expect(names == ["agent.conf", "coordinator.yaml"])

        let coordinator = try Settings.read(file: "coordinator.yaml", text: Self.text("coordinator.yaml"))
        let agent = try AgentSettings.read(
            file: ("agent.conf", Self.text("agent.conf")), environment: [:], flags: [:])

        let bare = try Settings.read(file: "bare.yaml", text: Self.bare)
        #expect(coordinator.fleet.members.map(\.name.text) == ["node1", "node2"])
        #expect(coordinator.fleet.bypass.contains(.ssh))
        #expect(coordinator.fleet.limits == bare.fleet.limits)
        #expect(coordinator.fleet.absent == bare.fleet.absent)
        #expect(coordinator.fleet.rotation == bare.fleet.rotation)
        #expect(coordinator.fleet.inspectionMilliseconds == bare.fleet.inspectionMilliseconds)
        #expect(coordinator.fleet.probePort == bare.fleet.probePort)
        #expect(coordinator.fleet.bypass == bare.fleet.bypass)
        #expect(agent.name.text == "node1")
        #expect(agent.rules.minimumRung == .clear && agent.rules.pins.isEmpty)
        #expect(agent.rules.coordinator?.port == 7_740)
    }

    /// What has no default, and nothing else.
    static let bare = "bus: {addresses: [192.0.2.10], key_file: /bus.key}\n"

    @Test("The pin that the example shows is one, once its line is no comment any more")
    func examplePin() throws {
        let text = try Self.text("agent.conf").replacingOccurrences(of: "\n#pins", with: "\npins")
        let agent = try AgentSettings.read(file: ("agent.conf", text), environment: [:], flags: [:])
        let node2 = try Settings.read(file: "coordinator.yaml", text: Self.text("coordinator.yaml")).fleet.members[1]

        #expect(
            agent.rules.pins == [
                node2.name: NodeRules.Pin(identityKey: node2.identityKey, addresses: Set(node2.addresses))
            ])
    }

    static let mistakes: [(change: @Sendable (String) -> String, words: [String])] = [
        (
            { $0.replacingOccurrences(of: "drain_milliseconds", with: "drain_miliseconds") },
            ["unknown key rollout.drain_miliseconds", "drain_milliseconds, rung_deadline_milliseconds, absent"]
        ),
        (
            { $0.replacingOccurrences(of: "drain_milliseconds: auto", with: "drain_milliseconds: soon") },
            ["rollout.drain_milliseconds", "auto, or a number from 0 to 5000"]
        ),
        (
            { $0.replacingOccurrences(of: "drain_milliseconds: auto", with: "drain_milliseconds: 5001") },
            ["rollout.drain_milliseconds", "auto, or a number from 0 to 5000"]
        ),
        (
            { $0.replacingOccurrences(of: "absent: refuse", with: "absent: ignore") },
            ["rollout.absent", "refuse or proceed"]
        ),
        (
            { $0.replacingOccurrences(of: "every_hours: 0", with: "every_hours: 8761") },
            ["rotation.every_hours", "from 0 to 8760"]
        ),
        (
            { $0.replacingOccurrences(of: "every_hours:", with: "every_days:") },
            ["unknown key rotation.every_days", "every_hours, packets"]
        ),
        (
            { $0.replacingOccurrences(of: "packets: 2147483648", with: "packets: 2147483649") },
            ["rotation.packets", "from 1 to 2147483648"]
        ),
        (
            { $0.replacingOccurrences(of: "packets: 2147483648", with: "packets: 0") },
            ["rotation.packets", "from 1 to 2147483648"]
        ),
        (
            { $0.replacingOccurrences(of: "enabled: true", with: "enabled: often") },
            ["probe.enabled", "true or false"]
        ),
        ({ $0.replacingOccurrences(of: "port: 7741", with: "port: 0") }, ["probe.port", "from 1 to 65535"]),
        ({ $0.replacingOccurrences(of: "port: 7741", with: "port: 65536") }, ["probe.port", "from 1 to 65535"]),
        (
            { $0.replacingOccurrences(of: "every_seconds: 200", with: "every_seconds: -1") },
            ["probe.every_seconds", "from 0 to 86400"]
        ),
        (
            { $0.replacingOccurrences(of: "every_seconds:", with: "every:") },
            ["unknown key probe.every", "enabled, port, every_seconds"]
        ),
        ({ $0.replacingOccurrences(of: "ssh: true", with: "ssh: perhaps") }, ["bypass.ssh", "true or false"]),
        ({ $0.replacingOccurrences(of: "name: node2", with: "name: node1") }, ["nodes[1].name", "listed twice"]),
        (
            { $0.replacingOccurrences(of: "192.0.2.2,", with: "192.0.2.1,") },
            ["nodes[1].addresses", "belongs to node1"]
        ),
        (
            { $0.replacingOccurrences(of: "192.0.2.2,", with: "192.0.2.222222,") },
            ["nodes[1].addresses[0]", "IP address"]
        ),
        ({ $0.replacingOccurrences(of: "name: node2", with: "name: Node 2") }, ["nodes[1].name", "lower-case"]),
        ({ $0.replacingOccurrences(of: "ESk=", with: "ESk") }, ["nodes[1].identity_key", "Base64"]),
        ({ $0.replacingOccurrences(of: "qMgPe(", with: "qMg") }, ["nodes[1].bus_key", "40 characters"]),
        ({ $0.replacingOccurrences(of: "  key_file:", with: "  #key_file:") }, ["bus.key_file", "is missing"]),
        (
            { $0.replacingOccurrences(of: "addresses: [192.0.2.10]", with: "addresses: []") },
            ["bus.addresses", "bypassed"]
        ),
        ({ $0 + "\nextra: 1\n" }, ["unknown key extra", "fleet, bus"]),
        ({ _ in "fleet: [" }, ["coordinator.yaml"]),
    ]

    @Test("A mistake is refused with file, key and what is allowed", arguments: mistakes.indices)
    func mistake(index: Int) throws {
        let (change, words) = Self.mistakes[index]
        let text = change(try Self.text("coordinator.yaml"))
        #expect(text != (try Self.text("coordinator.yaml")))

        let error = #expect(throws: HostError.self) { try Settings.read(file: "coordinator.yaml", text: text) }

        for word in ["coordinator.yaml"] + words {
            #expect(error?.description.contains(word) == true, "\(error as Any)")
        }
    }

    private func fleet(_ text: String) throws -> FleetConfiguration {
        try Settings.read(file: "coordinator.yaml", text: Self.bare + text).fleet
    }

    @Test("A drain is automatic, or so many milliseconds, none included")
    func drain() throws {
        #expect(try fleet("").limits.drain == .automatic)
        #expect(try fleet("rollout: {drain_milliseconds: auto}").limits.drain == .automatic)
        for milliseconds in [0, 50, 5_000] as [UInt64] {
            let limits = try fleet("rollout: {drain_milliseconds: \(milliseconds)}").limits
            #expect(limits.drain == .fixed(milliseconds: milliseconds))
            #expect(limits.drainMilliseconds(afterProbe: 1_000_000) == milliseconds)
        }
    }

    @Test("Absent nodes are refused over unless the file says to proceed")
    func absent() throws {
        #expect(try fleet("").absent == .refuse)
        #expect(try fleet("rollout: {absent: proceed}").absent == .proceed)
        #expect(try fleet("rollout: {absent: refuse}").absent == .refuse)
    }

    @Test("Keys rotate by the packet unless the file says otherwise, and by the hour where it says so")
    func rotation() throws {
        #expect(try fleet("").rotation == FleetConfiguration.Rotation())
        let rotation = try fleet("rotation: {every_hours: 24, packets: 1000}").rotation
        #expect(rotation == FleetConfiguration.Rotation(everyMilliseconds: 86_400_000, packets: 1_000))
        #expect(try fleet("rotation: {every_hours: 0}").rotation.everyMilliseconds == nil)
        #expect(try fleet("rotation: {every_hours: 8760}").rotation.everyMilliseconds == 31_536_000_000)
    }

    @Test(
        "Edges are probed on the fleet's port before traffic depends on them and every 200 s, unless the file says not")
    func probe() throws {
        let standard = try fleet("")
        #expect(standard.limits.probes && standard.probePort == 7_741 && standard.inspectionMilliseconds == 200_000)
        let other = try fleet("probe: {enabled: false, port: 65535, every_seconds: 0}")
        #expect(!other.limits.probes && other.probePort == 65_535 && other.inspectionMilliseconds == nil)
        #expect(try fleet("probe: {every_seconds: 86400}").inspectionMilliseconds == 86_400_000)
    }

    @Test("A flag outranks the environment, which outranks the file")
    func precedence() throws {
        let file = ("agent.conf", try Self.text("agent.conf"))

        let settings = try AgentSettings.read(
            file: file, environment: ["TESTUDO_NAME": "from-environment", "TESTUDO_STATE_DIRECTORY": "/environment"],
            flags: ["name": "from-flag"])

        #expect(settings.name.text == "from-flag")
        #expect(settings.stateDirectory == "/environment")
    }

    @Test(
        "The agent's mistakes are refused with line and key",
        arguments: [
            ("nam = x\n", "line 1: unknown key nam"), ("name\n", "line 1: expected key = value"),
            ("name = a\nname = b\n", "line 2: name is given twice"), ("name = a\n", "coordinator is missing"),
            ("name = a\ncoordinator = example.org:1\n", "tcp://IP-ADDRESS:PORT"),
        ])
    func agentMistake(text: String, words: String) {
        let error = #expect(throws: HostError.self) {
            try AgentSettings.read(file: ("agent.conf", text), environment: [:], flags: [:])
        }
        #expect(error?.description.contains(words) == true, "\(error as Any)")
    }

    @Test(
        "What is closed at boot is found whatever is wrong with the settings, and the mistake is told",
        arguments: [
            (whole, [:], "/var/lib/testudo-agent/record", nil),
            (whole + "state_directory = /s\n", [:], "/s/record", nil),
            (whole + "minimum_rnug = enforce\nstate_directory = /s", [:], "/s/record", "unknown key minimum_rnug"),
            ("state_directory=/s\nstate_directory = /t\nnoise", [:], "/s/record", "given twice"),
            (whole + "state_directroy = /s\n", [:], "/var/lib/testudo-agent/record", "unknown key state_directroy"),
            ("#state_directory = /s\n", [:], "/var/lib/testudo-agent/record", "name is missing"),
            (nil, [:], "/var/lib/testudo-agent/record", "cannot be read"),
            ("nonsense", ["TESTUDO_STATE_DIRECTORY": "/e"], "/e/record", "expected key = value"),
        ] as [(String?, [String: String], String, String?)])
    func closing(text: String?, environment: [String: String], path: String, words: String?) {
        let (record, complaint) = AgentSettings.recordPath(path: "agent.conf", text: text, environment: environment)

        #expect(record == path)
        #expect((complaint == nil) == (words == nil))
        if let words { #expect(complaint?.contains(words) == true, "\(complaint ?? "")") }
    }

    /// All that an agent must be told.
    static let whole = """
        name = a
        coordinator = tcp://192.0.2.10:7740
        coordinator_key = k
        bus_key_file = /b
        identity_key_file = /i

        """
    static let key = Base64.encode([UInt8](repeating: 7, count: 32))

    private func rules(_ text: String, environment: [String: String] = [:]) throws -> NodeRules {
        try AgentSettings.read(file: ("agent.conf", Self.whole + text), environment: environment, flags: [:]).rules
    }

    @Test(
        "A mistake in what a node forbids is refused with its key",
        arguments: [
            ("minimum_rung = closed", "minimum_rung: expected clear, accept, send or enforce"),
            ("minimum_rung = 3", "minimum_rung: expected clear, accept, send or enforce"),
            ("pins = node2", "pins: expected NAME IDENTITY_KEY ADDRESS"),
            ("pins = node2 \(key)", "pins: expected NAME IDENTITY_KEY ADDRESS"),
            ("pins = Node2 \(key) 192.0.2.2", "pins: expected NAME IDENTITY_KEY ADDRESS"),
            ("pins = node2 \(key.dropFirst(4)) 192.0.2.2", "pins: expected NAME IDENTITY_KEY ADDRESS"),
            ("pins = node2 \(key) 192.0.2.2,192.0.2.3", "pins: node2: expected IP addresses"),
            ("pins = a \(key) 192.0.2.2; a \(key) 192.0.2.3", "pins: a is pinned twice"),
        ])
    func ruleMistake(line: String, words: String) {
        let error = #expect(throws: HostError.self) { try rules(line + "\n") }
        #expect(error?.description.contains(words) == true, "\(error as Any)")
    }

    @Test("A node's lowest rung is one of the ladder's, and clear where nothing is said", arguments: Rung.ladder)
    func minimumRung(rung: Rung) throws {
        #expect(try rules("").minimumRung == .clear)
        #expect(try rules("minimum_rung = \(rung)\n").minimumRung == rung)
        #expect(try rules("", environment: ["TESTUDO_MINIMUM_RUNG": "\(rung)"]).minimumRung == rung)
    }

    @Test("Pins name peers with their identity key and all of their addresses")
    func pins() throws {
        let v4 = try #require(Address("192.0.2.2"))
        let v6 = try #require(Address("2001:db8::2"))
        let one = NodeRules.Pin(identityKey: [UInt8](repeating: 7, count: 32), addresses: [v4, v6])
        let other = NodeRules.Pin(identityKey: one.identityKey, addresses: [v6])
        let (a, b) = (try #require(NodeName("a")), try #require(NodeName("b.example")))

        #expect(try rules("").pins == [:])
        #expect(try rules("pins =\n").pins == [:])
        #expect(try rules("pins = a \(Self.key) 192.0.2.2 2001:db8::2\n").pins == [a: one])
        let two = " ; a\t\(Self.key)  2001:db8::2 192.0.2.2;b.example \(Self.key) 2001:db8::2; "
        #expect(try rules("pins =\(two)\n").pins == [a: one, b: other])
        #expect(try rules("pins = a \(Self.key) 192.0.2.2\n", environment: ["TESTUDO_PINS": two]).pins.count == 2)
    }

    @Test("A secret that others may read is refused; a record survives and is whole or not there")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "testudo-\(UUID().uuidString)").path
        try HostFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try HostFile.create(folder + "/open", mode: 0o644, Array("secret".utf8).span)

        #expect(throws: HostError.self) { try HostFile.readSecret(folder + "/open") }
        #expect(throws: HostError.self) { try HostFile.create(folder + "/open", mode: 0o600, Array("x".utf8).span) }
        let record = FileNodeRecord(path: folder + "/record")
        #expect(try record.load() == nil)
        #expect(throws: (any Error).self) {
            try HostFile.replace(folder + "/record", mode: 0o600, Array("testudo node record 1\nepoch".utf8).span)
            _ = try record.load()
        }
    }

    @Test(
        "Base64 is what RFC 4648 §10 says, and nothing else is read",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
        #expect(Base64.decode(text + "=") == nil)
    }
}
