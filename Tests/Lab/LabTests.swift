import Commands
import Foundation
import Testing

/// The real binaries against real ESP: each test is a script that runs inside a lab and says by its status how it went.
@Suite("Lab")
struct LabTests {
    /// Runs `deploy/lab/run OPTIONS -- Tests/Lab/scripts/SCRIPT`.
    private static func lab(
        _ options: [String], _ script: String, _ arguments: [String] = []
    ) async throws -> Command.Ending {
        let path = Command.root.appending(path: "Tests/Lab/scripts/\(script)").path
        let ending = try await Command("deploy/lab/run").run(options + ["--", path] + arguments)
        let told = ending.lines.filter { !$0.contains(": ok: ") }.joined(separator: "\n")
        print(
            "lab: \(script) \(arguments.joined(separator: " ")): status \(ending.status) after \(ending.duration)\n\(told)"
        )
        return ending
    }

    /// Whether the host's own kernel refuses an ESP SA.
    static let hostLacksESP: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let key = "0x" + String(repeating: "00", count: 32) + "c0ffee00"
        process.arguments = [
            "-c",
            "! unshare --user --map-root-user --net ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 "
                + "mode transport aead 'rfc4106(gcm(aes))' \(key) 128 2>/dev/null",
        ]
        try? process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    private func expectSuccess(_ options: [String] = [], _ script: String, _ arguments: [String] = []) async throws {
        let run = try await Self.lab(options, script, arguments)
        #expect(run.status == 0, "\(script) failed:\n\(run.output.suffix(6_000))")
    }

    @Test("The counter sees loss: by hand, ladder order loses nothing and node after node loses more than 50")
    func byHand() async throws { try await expectSuccess(["--without-testudo"], "by-hand.sh") }

    @Test("Ten toggles lose nothing, and what is protected is protected")
    func toggle() async throws { try await expectSuccess([], "toggle.sh") }

    @Test("A failing PATCH answers with its code and leaves traffic whole")
    func failures() async throws { try await expectSuccess([], "failures.sh") }

    @Test("The coordinator killed at every effect boundary: traffic flows and a new PATCH works")
    func coordinatorKills() async throws { try await expectSuccess(["--nodes", "2"], "kills.sh", ["coordinator"]) }

    @Test("An agent killed at every effect boundary: traffic flows and a new PATCH works")
    func agentKills() async throws { try await expectSuccess(["--nodes", "2"], "kills.sh", ["agent"]) }

    @Test("Killed at every effect boundary of a rotation: one set of keys in the end, and nothing lost")
    func rotatingKills() async throws { try await expectSuccess(["--nodes", "2"], "kills.sh", ["rotating"]) }

    @Test("With the coordinator on a node the bus stays up by its bypass, and not without")
    func coordinatorOnNode() async throws {
        try await expectSuccess(["--coordinator-on", "node1"], "coordinator-on-node.sh")
        try await expectSuccess(
            ["--coordinator-on", "node1", "--without-bus-bypass"], "coordinator-on-node.sh", ["without"])
    }

    @Test(
        "Rotations, a blocked path, deletions by hand and a node that leaves: the fleet mends itself and loses nothing")
    func hitless() async throws { try await expectSuccess([], "hitless.sh") }

    @Test("Reboots are closed from the first moment and rejoin by themselves, one node and the whole fleet")
    func reboot() async throws { try await expectSuccess([], "reboot.sh") }

    @Test("100 and 200 ms each way: nothing is lost with an automatic drain, and much with a shorter one")
    func delay() async throws {
        try await expectSuccess(["--kernel", "uml", "--nodes", "3", "--drain", "auto"], "delay.sh")
        try await expectSuccess(["--kernel", "uml", "--nodes", "3", "--drain", "auto"], "delay.sh", ["200"])
        try await expectSuccess(["--kernel", "uml", "--nodes", "3", "--drain", "10"], "delay.sh", ["short"])
    }

    @Test("Twenty toggles with a fault in each, drawn from a seed: the fleet comes to its target and loses nothing")
    func random() async throws {
        try await expectSuccess(["--kernel", "uml", "--nodes", "3", "--drain", "auto"], "random.sh")
    }

    @Test("A full disk is told in words, changes nothing and loses nothing")
    func fullDisk() async throws { try await expectSuccess(["--kernel", "uml", "--nodes", "3"], "full-disk.sh") }

    @Test("strongSwan's charon beside an agent: told, untouched, and nothing lost")
    func charon() async throws { try await expectSuccess(["--kernel", "uml", "--nodes", "3"], "charon.sh") }

    @Test("A node joins by configuration and leaves by a call: the others' edges are untouched")
    func join() async throws {
        try await expectSuccess(["--kernel", "uml", "--nodes", "4", "--late", "1"], "join.sh")
    }

    @Test("NetApp's Python library in four releases and its Ansible collection work unchanged")
    func clients() async throws { try await expectSuccess(["--kernel", "simulated", "--nodes", "3"], "clients.sh") }

    @Test(
        "Schemathesis, driven by the specification that the server serves, finds no fault and no answer off its schema")
    func schemathesis() async throws { try await expectSuccess(["--kernel", "simulated"], "schemathesis.sh") }

    @Test("The command line shows, changes, and ends by the status that it promises")
    func commandLine() async throws { try await expectSuccess(["--kernel", "simulated"], "command-line.sh") }

    @Test("A kernel that cannot load ESP is refused with 66257199")
    func modulesHidden() async throws {
        try await expectSuccess(["--kernel", "uml", "--hide-modules"], "unsupported.sh")
    }

    @Test("A host without ESP is refused with 66257199", .enabled(if: hostLacksESP))
    func hostWithoutESP() async throws { try await expectSuccess(["--kernel", "host"], "unsupported.sh") }

    @Test("An agent of an older protocol is refused with 66257199")
    func olderProtocol() async throws { try await expectSuccess(["--kernel", "simulated"], "older-protocol.sh") }

    @Test("The agent needs CAP_NET_ADMIN and nothing else")
    func capability() async throws { try await expectSuccess(["--nodes", "2"], "capability.sh") }

    @Test("The kernel keeps the contract that the simulated one keeps, and `ip xfrm` reads what we write")
    func kernelContract() async throws {
        try await expectSuccess(["--without-testudo", "--nodes", "1"], "kernel-contract.sh", [Command.tests.path])
    }

    @Test("The probe tells a path that takes ESP from one that drops it, sends in clear or takes less than it says")
    func probePath() async throws {
        try await expectSuccess(
            ["--kernel", "uml", "--without-testudo", "--nodes", "2"], "probe-path.sh", [Command.tests.path])
    }

    @Test("A command's status comes through; a lab that cannot start says 125")
    func status() async throws {
        #expect(try await Self.lab(["--without-testudo", "--nodes", "1"], "exit-status.sh", ["3"]).status == 3)
        #expect(try await Self.lab(["--nodes", "none"], "exit-status.sh", ["3"]).status == 125)
    }
}
