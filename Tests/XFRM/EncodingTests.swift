import Fleet
import Testing
import XFRM

@Suite("Netlink messages are what the kernel's structs say")
struct EncodingTests {
    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    #if _endian(little)
        @Test("NEWPOLICY for an out policy pinned to an SPI is these 252 bytes")
        func newPolicy() throws {
            let bytes = try Fixtures.message(.addPolicy(Fixtures.policy(.out, spi: Fixtures.outbound)))

            let unlimited = String(repeating: "ff", count: 32) + String(repeating: "00", count: 32)
            let expected =
                "fc000000" + "1300" + "0506" + "07000000" + "00000000"
                // xfrm_selector: daddr, saddr, ports and masks, family, prefixes, protocol, interface, user
                + "0a4d0002" + String(repeating: "00", count: 12) + "0a4d0001" + String(repeating: "00", count: 12)
                + String(repeating: "00", count: 8) + "0200" + "20" + "20" + "00000000" + "0000000000000000"
                + unlimited + String(repeating: "00", count: 32)
                // priority 10150, index, dir out, action allow, flags, share, padding
                + "a6270000" + "00000000" + "01000000" + "00000000"
                // XFRMA_TMPL: id (daddr, spi, proto), family, saddr, reqid, mode, share, optional, algorithms
                + "44000500" + String(repeating: "00", count: 16) + "00200001" + "32000000" + "02000000"
                + String(repeating: "00", count: 16) + "44545354" + "00000000" + "ffffffffffffffffffffffff"
            #expect(hex(bytes) == expected)
            #expect(bytes.count == 252)
        }

        @Test("DELSA names destination, SPI, family, ESP and the source address")
        func deleteAssociation() throws {
            let bytes = try Fixtures.message(.deleteAssociation(Fixtures.association(in: Fixtures.inbound).id))

            let zeros = String(repeating: "00", count: 12)
            let expected =
                "3c000000" + "1100" + "0500" + "07000000" + "00000000" + "0a4d0001" + zeros + "00100002" + "0200" + "32"
                + "00" + "14000d00" + "0a4d0002" + zeros
            #expect(hex(bytes) == expected)
        }

        @Test(
            "A dump request is a bare header: the kernel complains of leftover bytes", arguments: DumpRequest.allCases)
        func dump(request: DumpRequest) throws {
            let bytes = try [UInt8](capacity: 16) { output throws(EncodingError) in
                try request.encode(sequence: 9, into: &output)
            }

            let kind = request == .associations ? "1200" : "1500"
            #expect(hex(bytes) == "10000000" + kind + "0103" + "09000000" + "00000000")
        }
    #endif

    @Test("NEWSA carries the key, ESN with its window, legacy window 0, and no limits", arguments: [64, 1_024, 4_096])
    func newAssociation(window: UInt32) throws {
        let id = Fixtures.association(in: Fixtures.inbound).id
        let bytes = try Fixtures.message(
            .addAssociation(Association(id: id, replayWindow: window)), key: Fixtures.key)

        let info = bytes[16..<240]
        #expect(info[16 + 214] == 0, "transport mode")
        #expect(info[16 + 215] == 0, "legacy window")
        #expect(info[16 + 216] == 128, "XFRM_STATE_ESN")
        #expect(info[(16 + 96)..<(16 + 128)].allSatisfy { $0 == 0xff }, "bytes and packets: XFRM_INF")
        #expect(info[(16 + 128)..<(16 + 160)].allSatisfy { $0 == 0 }, "seconds: 0, for XFRM_INF expires at once")
        #expect(Array(bytes[316..<352]) == Fixtures.key)
        #expect(bytes.count == 16 + 224 + 112 + 4 + 24 + Int(window) / 8)
    }

    @Test("Replay window 0 means neither ESN nor a window: the kernel refuses ESN without one")
    func noWindow() throws {
        let id = Fixtures.association(in: Fixtures.inbound).id
        let bytes = try Fixtures.message(.addAssociation(Association(id: id, replayWindow: 0)), key: Fixtures.key)

        #expect(bytes.count == 16 + 224 + 112)
        #expect(bytes[16 + 216] == 0)
    }

    @Test("What cannot be said is an error before a byte is written")
    func errors() throws {
        let good = Fixtures.association(in: Fixtures.inbound)
        var mixed = good
        mixed.id.destination = Fixtures.own6
        var foreign = good
        foreign.shape = .other
        var wide = Fixtures.policy(.out)
        wide.id.selector.source.length = 33
        var other = Fixtures.policy(.out)
        other.action = .other

        let cases: [(Change, [UInt8], EncodingError)] = [
            (.addAssociation(good), [1, 2, 3], .keyByteCount(3)),
            (.addAssociation(mixed), Fixtures.key, .mixedFamilies),
            (.addAssociation(foreign), Fixtures.key, .readOnly),
            (.addAssociation(Association(id: good.id, replayWindow: 4_097)), Fixtures.key, .replayWindow(4_097)),
            (.deleteAssociation(mixed.id), [], .mixedFamilies),
            (.addPolicy(wide), [], .prefixLength(33)),
            (.updatePolicy(other), [], .readOnly),
        ]
        for (change, key, error) in cases {
            #expect(throws: error) { try Fixtures.message(change, key: key) }
        }
    }

    @Test("A buffer too small for the message is an error, not a crash")
    func room() {
        let change = Change.deletePolicy(Fixtures.policy(.out).id)
        #expect(throws: EncodingError.room(needed: 80, free: 79)) {
            let empty: [UInt8] = []
            let key = empty.span
            _ = try [UInt8](capacity: 79) { output throws(EncodingError) in
                try change.encode(key: key, sequence: 1, into: &output)
            }
        }
    }
}
