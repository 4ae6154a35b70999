import Fleet
import Foundation
import Netlink
import Ports
import Testing
import XFRM

/// The kernel under this test, as the environment says: `esp` in the lab, `policies` where only policies work.
///
/// Without the variable the policy part runs wherever network namespaces can be made, and the SA part does not.
enum RealKernel {
    static let mode = ProcessInfo.processInfo.environment["TESTUDO_REAL_KERNEL"]
    static let hasESP = mode == "esp"
    static let hasNamespaces = mode != "none" && geteuid() == 0 && Namespace.isPossible
}

@Suite("The real kernel keeps the contract", .enabled(if: RealKernel.hasNamespaces))
struct RealKernelTests {
    @Test("Contract of policies", arguments: KernelContract.policies)
    func policies(one: KernelContract) async throws {
        try await Namespace.with { namespace in try await one.check(try await namespace.kernel()) }
    }

    @Test("Contract with ESP", .enabled(if: RealKernel.hasESP), arguments: KernelContract.associations)
    func associations(one: KernelContract) async throws {
        try await Namespace.with { namespace in try await one.check(try await namespace.kernel()) }
    }

    @Test("Contract without ESP, where there is none", arguments: KernelContract.unsupported)
    func unsupported(one: KernelContract) async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.kernel()
            guard try await kernel.support().lacking != nil else { return }
            try await one.check(kernel)
        }
    }

    @Test("Disturbances by changes of policies", .timeLimit(.minutes(1)), arguments: DisturbanceContract.policies)
    func disturbances(one: DisturbanceContract) async throws {
        try await Namespace.with { namespace in
            try await one.check {
                SharedKernel(kernel: try await namespace.kernel(), other: try await namespace.kernel())
            }
        }
    }

    @Test(
        "Disturbances by changes of SAs", .timeLimit(.minutes(1)), .enabled(if: RealKernel.hasESP),
        arguments: DisturbanceContract.associations)
    func disturbancesOfAssociations(one: DisturbanceContract) async throws {
        try await Namespace.with { namespace in
            try await one.check {
                SharedKernel(kernel: try await namespace.kernel(), other: try await namespace.kernel())
            }
        }
    }

    @Test("A namespace begins with all counters at 0")
    func counters() async throws {
        try await Namespace.with { namespace in
            let counters = try await namespace.kernel().counters()
            #expect(counters["XfrmInTmplMismatch"] == 0)
            #expect(counters["XfrmOutNoStates"] == 0)
        }
    }

    @Test("ip reads the policies that we wrote")
    func ipReadsPolicies() async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.kernel()
            try await kernel.expectDone(Sample.policies.map { .addPolicy($0) })
            let text = try namespace.ip("xfrm", "policy")

            #expect(text.contains("src 10.77.0.1/32 dst 10.77.0.2/32 \n\tdir out priority 10150"))
            #expect(text.contains("proto esp spi 0x00200001 reqid 1414747204 mode transport"))
            #expect(text.contains("src fd77::2/128 dst fd77::1/128 \n\tdir fwd priority 10150"))
            let bus = "src 10.77.0.1/32 dst 10.77.0.2/32 proto tcp sport 32768 dport 7740 "
            #expect(text.contains("\(bus)\n\tdir out priority 10100"))
            let probes = "src 10.77.0.1/32 dst 10.77.0.2/32 proto udp sport 7741 dport 7741 "
            #expect(text.contains("\(probes)\n\tdir out priority 10120"))
            #expect(text.contains("proto esp spi 0x00000001 reqid 1414747204 mode transport"))
            #expect(text.contains("proto ipv6-icmp type 135"))
            #expect(text.contains("action block"))
            #expect(text.contains("level use"))
        }
    }

    @Test("We read the policies that ip wrote, foreign ones as foreign")
    func readsPoliciesOfIP() async throws {
        try await Namespace.with { namespace in
            let pair = ["src", "10.77.0.1/32", "dst", "10.77.0.2/32"]
            try namespace.ip(
                ["xfrm", "policy", "add"] + pair
                    + ["dir", "out", "priority", "10150", "tmpl", "proto", "esp", "spi", "0x00200001"]
                    + ["reqid", "1414747204", "mode", "transport"])
            try namespace.ip(
                ["xfrm", "policy", "add"] + pair
                    + ["dir", "fwd", "priority", "3", "tmpl", "src", "192.0.2.1", "dst", "192.0.2.2"]
                    + ["proto", "esp", "reqid", "1", "mode", "tunnel", "tmpl", "proto", "comp", "reqid", "2"]
                    + ["mode", "transport"])
            try namespace.ip(
                "xfrm", "policy", "add", "src", "fd77::1/128", "dst", "fd77::/16", "proto", "tcp", "dport", "80", "dir",
                "in", "priority", "9")
            try namespace.ip(
                ["xfrm", "policy", "add"] + pair + ["dir", "in", "mark", "7", "mask", "0xff", "action", "block"])
            let policies = try await namespace.kernel().snapshot().policies

            let pairSelector = Sample.out.id.selector
            let network = Sample.address([0xfd, 0x77] + [UInt8](repeating: 0, count: 14))
            let web = Selector(
                source: .host(Sample.own6), destination: Prefix(network, length: 16), protocolNumber: 6,
                destinationPort: .exactly(80))
            #expect(
                Set(policies) == [
                    Sample.out,
                    Policy(id: PolicyID(direction: .forward, selector: pairSelector), priority: 3, action: .other),
                    Policy(id: PolicyID(direction: .in, selector: web), priority: 9, action: .bypass),
                    Policy(id: PolicyID(direction: .in, selector: pairSelector), priority: 0, action: .other),
                ])
            #expect(policies.filter(Ownership.owns) == [Sample.out])
        }
    }

    @Test("ip reads the SAs that we wrote", .enabled(if: RealKernel.hasESP))
    func ipReadsAssociations() async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.kernel()
            try await kernel.go(to: .accept)
            let text = try namespace.ip("xfrm", "state")

            let rest = "reqid 1414747204 mode transport"
            #expect(text.contains("src 10.77.0.2 dst 10.77.0.1\n\tproto esp spi 0x00100002 \(rest)"))
            #expect(text.contains("src fd77::1 dst fd77::2\n\tproto esp spi 0x00200001 \(rest)"))
            #expect(text.contains("replay-window 0 flag esn"))
            #expect(text.contains("aead rfc4106(gcm(aes)) 0x"))
            #expect(text.contains(" 128\n"))
            #expect(text.contains("replay_window 64, bitmap-length 2"))
            #expect(text.contains("sel src 10.77.0.2/32 dst 10.77.0.1/32"))
        }
    }

    @Test("We read the SAs that ip wrote, foreign ones as foreign", .enabled(if: RealKernel.hasESP))
    func readsAssociationsOfIP() async throws {
        try await Namespace.with { namespace in
            let key = "0x" + String(repeating: "5a", count: 36)
            let shortKey = "0x" + String(repeating: "5a", count: 20)
            func add(_ source: String, _ destination: String, _ spi: String, _ rest: [String]) throws {
                try namespace.ip(
                    ["xfrm", "state", "add", "src", source, "dst", destination, "proto", "esp", "spi", spi] + rest)
            }
            let aead = ["aead", "rfc4106(gcm(aes))", key, "128"]
            try add(
                "fd77::2", "fd77::1", "0x00100002",
                ["reqid", "1414747204", "mode", "transport", "flag", "esn", "replay-window", "64"] + aead
                    + ["sel", "src", "fd77::2/128", "dst", "fd77::1/128"])
            try add(
                "10.77.0.1", "10.77.0.2", "0x00000101", ["reqid", "1414747204", "mode", "tunnel"] + aead)
            try add(
                "10.77.0.1", "10.77.0.2", "0x00000102",
                ["reqid", "1414747204", "mode", "transport", "aead", "rfc4106(gcm(aes))", shortKey, "128"])
            try add(
                "10.77.0.1", "10.77.0.2", "0x00000103",
                ["reqid", "5", "mode", "transport", "encap", "espinudp", "4500", "4500", "0.0.0.0"] + aead)
            let associations = try await namespace.kernel().snapshot().associations.map(\.association)

            let ours = Association(
                id: AssociationID(source: Sample.peer6, destination: Sample.own6, spi: Sample.inboundSPI))
            #expect(associations.filter(Ownership.owns) == [ours])
            let others = associations.filter { $0.shape == .other }
            #expect(Set(others.map(\.id.spi.rawValue)) == [0x101, 0x102, 0x103])
        }
    }
}
