import CMnl
import Fleet
import MeshKeys
import Ports
import Testing
import XFRM

@testable import Netlink

/// The pure codec against the structs of this machine's kernel headers.
@Suite("The codec writes the kernel's structs")
struct StructLayoutTests {
    private func message(_ change: Change) throws -> [UInt8] {
        let key = [UInt8](1...36)
        return try [UInt8](capacity: change.messageByteCount) { output throws(EncodingError) in
            try change.encode(key: key.span, sequence: 77, into: &output)
        }
    }

    private func load<Struct>(_ bytes: [UInt8], at offset: Int, as type: Struct.Type) -> Struct {
        // Safe because the structs are plain numbers, aligned as in C, and lie inside the message.
        precondition(bytes.count >= offset + MemoryLayout<Struct>.size, "the struct lies inside")
        return unsafe bytes.withUnsafeBytes { unsafe $0.load(fromByteOffset: offset, as: type) }
    }

    private func endpoints() throws -> (Address, Address) {
        (try #require(Address("10.77.0.1")), try #require(Address("10.77.0.2")))
    }

    @Test("NEWSA: header, xfrm_usersa_info, AEAD and ESN attributes are where C looks for them")
    func association() throws {
        let (own, peer) = try endpoints()
        let id = AssociationID(source: own, destination: peer, spi: SPI(rawValue: 0x1234_5678))
        let bytes = try message(.addAssociation(Association(id: id, replayWindow: 96)))
        let header = load(bytes, at: 0, as: nlmsghdr.self)
        let info = load(bytes, at: 16, as: xfrm_usersa_info.self)

        #expect(Int(header.nlmsg_len) == bytes.count)
        #expect(Int(header.nlmsg_type) == Int(XFRM_MSG_NEWSA))
        #expect(header.nlmsg_seq == 77)
        #expect(info.id.spi == (0x1234_5678 as UInt32).bigEndian)
        #expect(info.id.proto == 50)
        #expect(info.family == 2)
        #expect(info.reqid == Ownership.reqid)
        #expect(info.mode == UInt8(XFRM_MODE_TRANSPORT))
        #expect(info.replay_window == 0)
        #expect(info.flags == UInt8(XFRM_STATE_ESN))
        #expect(info.lft.hard_packet_limit == .max && info.lft.soft_use_expires_seconds == 0)
        #expect(info.curlft.bytes == 0)
        #expect(info.sel.prefixlen_d == 32 && info.sel.prefixlen_s == 32 && info.sel.family == 2)
        let attribute = load(bytes, at: 16 + 224, as: nlattr.self)
        #expect(Int(attribute.nla_type) == Int(XFRMA_ALG_AEAD.rawValue))
        #expect(Int(attribute.nla_len) == 4 + 72 + 36)
        let esn = load(bytes, at: 16 + 224 + 112 + 4, as: xfrm_replay_state_esn.self)
        #expect(esn.bmp_len == 3 && esn.replay_window == 96 && esn.seq == 0 && esn.oseq == 0)
        #expect(MemoryLayout<xfrm_usersa_info>.size == 224)
    }

    @Test("NEWPOLICY: xfrm_userpolicy_info and xfrm_user_tmpl are where C looks for them")
    func policy() throws {
        let (own, peer) = try endpoints()
        var selector = Selector.pair(from: own, to: peer)
        selector.protocolNumber = 17
        selector.sourcePort = .exactly(500)
        selector.destinationPort = PortMatch(value: 0x8000, mask: 0x8000)
        let bytes = try message(
            .addPolicy(
                Policy(
                    id: PolicyID(direction: .out, selector: selector), priority: 4_711,
                    action: .protect(Template(reqid: 9, spi: SPI(rawValue: 0xabcd), isOptional: true)))))
        let info = load(bytes, at: 16, as: xfrm_userpolicy_info.self)
        let template = load(bytes, at: 16 + 168 + 4, as: xfrm_user_tmpl.self)

        #expect(info.priority == 4_711 && info.index == 0 && info.share == 0 && info.flags == 0)
        #expect(info.dir == UInt8(XFRM_POLICY_OUT) && info.action == UInt8(XFRM_POLICY_ALLOW))
        #expect(info.sel.proto == 17 && info.sel.sport == (500 as UInt16).bigEndian && info.sel.sport_mask == 0xffff)
        #expect(info.sel.dport == (0x8000 as UInt16).bigEndian && info.sel.dport_mask == (0x8000 as UInt16).bigEndian)
        #expect(info.sel.ifindex == 0 && info.sel.user == 0)
        #expect(template.id.spi == (0xabcd as UInt32).bigEndian && template.id.proto == 50)
        #expect(template.family == 2 && template.reqid == 9 && template.optional == 1)
        #expect(template.mode == UInt8(XFRM_MODE_TRANSPORT) && template.share == 0)
        #expect(template.aalgos == .max && template.ealgos == .max && template.calgos == .max)
    }

    @Test("DELPOLICY and DELSA: xfrm_userpolicy_id and xfrm_usersa_id are where C looks for them")
    func deletions() throws {
        let (own, peer) = try endpoints()
        let policy = load(
            try message(.deletePolicy(PolicyID(direction: .forward, selector: .pair(from: own, to: peer)))), at: 16,
            as: xfrm_userpolicy_id.self)
        #expect(policy.dir == UInt8(XFRM_POLICY_FWD) && policy.index == 0 && policy.sel.prefixlen_d == 32)
        let association = load(
            try message(.deleteAssociation(AssociationID(source: own, destination: peer, spi: SPI(rawValue: 258)))),
            at: 16, as: xfrm_usersa_id.self)
        #expect(association.spi == (258 as UInt32).bigEndian && association.proto == 50 && association.family == 2)
    }

    @Test("The numbers of messages are the header's")
    func numbers() {
        #expect(Int(MessageKind.newAssociation.rawValue) == Int(XFRM_MSG_NEWSA))
        #expect(Int(MessageKind.deleteAssociation.rawValue) == Int(XFRM_MSG_DELSA))
        #expect(Int(MessageKind.getAssociation.rawValue) == Int(XFRM_MSG_GETSA))
        #expect(Int(MessageKind.newPolicy.rawValue) == Int(XFRM_MSG_NEWPOLICY))
        #expect(Int(MessageKind.deletePolicy.rawValue) == Int(XFRM_MSG_DELPOLICY))
        #expect(Int(MessageKind.getPolicy.rawValue) == Int(XFRM_MSG_GETPOLICY))
        #expect(Int(MessageKind.updatePolicy.rawValue) == Int(XFRM_MSG_UPDPOLICY))
    }
}
