import Fleet
import Foundation
import Ports
import Testing

@testable import LinuxHost

@Suite("The machine's facts")
struct MachineFactsTests {
    @Test("A machine without anything readable has no id and no key daemon")
    func nothing() async throws {
        let facts = await MachineFacts(root: "/nonexistent").facts()
        #expect(facts.machineID == "")
        #expect(facts.keyDaemons == [])
    }

    @Test(
        "The machine id is what machine-id(5) allows, else none",
        arguments: [
            ("0123456789abcdef0123456789abcdef\n", "0123456789abcdef0123456789abcdef"),
            ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
            ("uninitialized\n", ""), ("", ""), ("\n", ""), ("00000000000000000000000000000000\n", ""),
            ("0123456789ABCDEF0123456789abcdef\n", ""), ("0123456789abcdef0123456789abcde\n", ""),
            ("0123456789abcdef0123456789abcdef\nmore\n", ""),
        ])
    func machineID(text: String, id: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "etc/machine-id")
        #expect(await MachineFacts(root: folder.path).facts().machineID == id)
    }

    @Test("Key daemons are named once each and sorted; others, and those of another network namespace, are not")
    func keyDaemons() async throws {
        let folder = try TemporaryFolder()
        let processes = [
            (1, "systemd", "net:[1]"), (20, "pluto", "net:[1]"), (300, "charon", "net:[1]"), (301, "charon", "net:[1]"),
            (4_000, "racoon", "net:[2]"), (5_000, "charon-systemd", nil), (6_000, "charonix", "net:[1]"),
        ]
        try folder.link("proc/thread-self/ns/net", to: "net:[1]")
        try folder.write("pluto\n", to: "proc/self/comm")
        for (number, name, namespace) in processes {
            try folder.write("\(name)\n", to: "proc/\(number)/comm")
            if let namespace { try folder.link("proc/\(number)/ns/net", to: namespace) }
        }

        #expect(
            await MachineFacts(root: folder.path).facts().keyDaemons == ["charon", "charon-systemd", "pluto"])
    }

    @Test("No daemon's name is longer than the kernel keeps")
    func names() {
        #expect(KeyDaemons.names.allSatisfy { $0.utf8.count <= 15 })
    }

    @Test(
        "Global unicast addresses are those that other hosts may send to beyond one link",
        arguments: [
            ("10.77.0.1", true), ("192.168.1.1", true), ("203.0.113.7", true), ("100.64.0.1", true),
            ("0.0.0.0", false), ("127.0.0.1", false), ("169.254.1.1", false), ("169.253.1.1", true),
            ("224.0.0.1", false), ("255.255.255.255", false), ("2001:db8::1", true), ("fd77::1", true),
            ("::", false), ("::1", false), ("::ffff:10.0.0.1", false), ("fe80::1", false), ("febf::1", false),
            ("fec0::1", true), ("ff02::1", false), ("64:ff9b::1", true),
        ])
    func globalUnicast(text: String, isGlobal: Bool) throws {
        #expect(InterfaceAddresses.isGlobalUnicast(try #require(Address(text))) == isGlobal)
    }
}

@Suite("The machine's facts in a namespace", .enabled(if: Namespace.isPossible), .timeLimit(.minutes(1)))
struct NamespaceFactsTests {
    @Test("Addresses are those of interfaces that are up, sorted, without loopback and link-local ones")
    func addresses() async throws {
        try await Namespace.with { namespace in
            try namespace.ip("link", "add", "here", "type", "veth", "peer", "name", "there")
            for (address, interface) in [
                ("10.77.0.9/24", "here"), ("10.77.0.1/32", "here"), ("fd77::1/64", "here"), ("169.254.7.7/16", "here"),
                ("10.78.0.1/24", "there"), ("10.79.0.1/32", "lo"),
            ] { try namespace.ip("address", "add", address, "dev", interface) }
            try namespace.ip("address", "add", "10.77.0.8/24", "dev", "here", "label", "here:1")
            try namespace.ip("link", "set", "lo", "up")
            try namespace.ip("link", "set", "here", "up")

            let addresses = try await namespace.inside { MachineFacts().read().addresses }
            #expect(addresses.map { "\($0.address)" } == ["10.77.0.1", "10.77.0.8", "10.77.0.9", "fd77::1"])
            #expect(addresses.allSatisfy { $0.interface == "here" })
        }
    }

    @Test("A key daemon is seen in its own namespace only, and gone when it has ended")
    func daemon() async throws {
        let folder = try TemporaryFolder()
        let program = folder.path + "/charon"
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
        try await Namespace.with { theirs in
            try await Namespace.with { ours in
                let daemon = try theirs.start(program, "60")
                defer { daemon.end() }
                while try await !theirs.inside({ MachineFacts().read().keyDaemons.contains("charon") }) {
                    await Task.yield()
                }
                #expect(try await ours.inside { !MachineFacts().read().keyDaemons.contains("charon") })

                daemon.end()
                #expect(try await theirs.inside { !MachineFacts().read().keyDaemons.contains("charon") })
            }
        }
    }
}
