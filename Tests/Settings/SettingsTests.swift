import Coordinator
import Fleet
import Foundation
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

        #expect(coordinator.fleet.members.map(\.name.text) == ["node1", "node2"])
        #expect(coordinator.fleet.bypass.contains(.ssh))
        #expect(agent.name.text == "node1")
    }

    static let mistakes: [(change: @Sendable (String) -> String, words: [String])] = [
        (
            { $0.replacingOccurrences(of: "drain_milliseconds", with: "drain_miliseconds") },
            ["unknown key rollout.drain_miliseconds", "drain_milliseconds, rung_deadline_milliseconds"]
        ),
        (
            { $0.replacingOccurrences(of: "drain_milliseconds: 200", with: "drain_milliseconds: soon") },
            ["rollout.drain_milliseconds", "a number from 0 to 5000"]
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
