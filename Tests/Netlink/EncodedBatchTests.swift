import Fleet
import Foundation
import MeshKeys
import Ports
import Testing
import XFRM

@testable import Netlink

@Suite("A batch on its way to the kernel")
struct EncodedBatchTests {
    private func association() throws -> Association {
        let own = try #require(Address("10.77.0.1"))
        let peer = try #require(Address("10.77.0.2"))
        return Association(id: AssociationID(source: own, destination: peer, spi: SPI(rawValue: 0x1_0000)))
    }

    @Test("A change that cannot be said is left out and refused; the others keep their sequence numbers in a row")
    func leftOut() throws {
        let association = try association()
        let short = Secret(copying: [1, 2, 3].span)
        let whole = Secret(copying: [UInt8](repeating: 0xa5, count: 36).span)
        let changes: [KernelChange] = [
            .deleteAssociation(association.id), .addAssociation(association, key: short),
            .addAssociation(association, key: whole),
        ]
        let batch = EncodedBatch(changes[...], first: 40, port: 77)

        #expect(batch.indices == [0, 2])
        #expect(batch.refusals.map(\.index) == [1])
        #expect(batch.refusals.first?.error.message == "Invalid argument: a key has 36 bytes, this one 3")
        let bytes = batch.bytes
        var sequences: [UInt32] = []
        var offset = 0
        while let header = NetlinkHeader(bytes.span, at: offset) {
            sequences.append(header.sequence)
            offset = header.end
        }
        #expect(sequences == [40, 41])
        #expect(offset == bytes.count)
    }

    @Test("Only the last message that can be said asks to be acknowledged: errors are answered unasked")
    func acknowledged() throws {
        let association = try association()
        let short = Secret(copying: [1, 2, 3].span)
        let changes: [KernelChange] = [
            .deleteAssociation(association.id), .deleteAssociation(association.id),
            .addAssociation(association, key: short),
        ]
        let bytes = EncodedBatch(changes[...], first: 1, port: 77).bytes
        let nothing = EncodedBatch(changes[2...], first: 1, port: 77)

        var flags: [UInt16] = []
        var offset = 0
        while let header = NetlinkHeader(bytes.span, at: offset) {
            flags.append(header.flags)
            offset = header.end
        }
        #expect(flags == [0x1, 0x5], "NLM_F_REQUEST, NLM_F_REQUEST | NLM_F_ACK")
        #expect(nothing.bytes.isEmpty && nothing.refusals.map(\.index) == [2])
    }

    @Test("Every message carries the port of its socket, for the kernel's event of the change will")
    func port() throws {
        let association = try association()
        let key = Secret(copying: [UInt8](repeating: 0xa5, count: 36).span)
        let pair = Selector.pair(from: association.id.source, to: association.id.destination)
        let policy = Policy(id: PolicyID(direction: .out, selector: pair), priority: 7, action: .block)
        let changes: [KernelChange] = [
            .addAssociation(association, key: key), .deleteAssociation(association.id), .addPolicy(policy),
            .updatePolicy(policy), .deletePolicy(policy.id),
        ]
        let bytes = EncodedBatch(changes[...], first: 1, port: 0x5555_5555).bytes

        var ports: [[UInt8]] = []
        var offset = 0
        while let header = NetlinkHeader(bytes.span, at: offset) {
            ports.append(Array(bytes[offset + 12..<offset + 16])) // nlmsg_pid
            offset = header.end
        }
        #expect(ports == Array(repeating: [0x55, 0x55, 0x55, 0x55], count: changes.count))
    }

    @Test("A wiped batch holds no byte of a key")
    func wiped() throws {
        let key = Secret(copying: [UInt8](repeating: 0xa5, count: 36).span)
        var batch = EncodedBatch([KernelChange.addAssociation(try association(), key: key)][...], first: 1, port: 77)
        #expect(batch.bytes.contains(0xa5))
        batch.wipe()
        #expect(batch.bytes.allSatisfy { $0 == 0 })
    }
}

@Suite("Settings of interfaces that would defeat protection")
struct InterfaceSettingsTests {
    @Test("Where no such directory is, there is no obstacle")
    func nothing() {
        #expect(InterfaceSettings.obstacles(root: "/nonexistent") == [])
    }

    @Test("Each setting that is on is one sentence; lo and default do not count, all does")
    func settings() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("testudo-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let values = [
            "ipv4/conf/all/disable_xfrm": "1\n", "ipv4/conf/lo/disable_xfrm": "1\n",
            "ipv4/conf/default/disable_policy": "1\n", "ipv4/conf/eth0/disable_policy": "1\n",
            "ipv4/conf/eth0/disable_xfrm": "0\n", "ipv6/conf/eth0/disable_policy": "1\n",
        ]
        for (path, value) in values {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try value.write(to: file, atomically: true, encoding: .utf8)
        }

        #expect(
            InterfaceSettings.obstacles(root: root.path) == [
                "net.ipv4.conf.all.disable_xfrm is on: every interface sends in clear whatever the policies say",
                "net.ipv4.conf.eth0.disable_policy is on: "
                    + "interface eth0 takes clear traffic whatever the policies say",
                "net.ipv6.conf.eth0.disable_policy is on: "
                    + "interface eth0 takes clear traffic whatever the policies say",
            ])
    }

    @Test("An errno has its text")
    func errno() {
        #expect(errnoText(17) == "File exists")
        #expect(ProcFile.exists("/proc/self/status"))
        #expect(!ProcFile.exists("/proc/self/nothing"))
        #expect(throws: KernelError.self) { _ = try ProcFile("/proc/self/nothing").text() }
    }
}
