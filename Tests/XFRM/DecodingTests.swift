import Fleet
import Testing
import XFRM

@Suite("What a kernel dumps is read back, and what lies is refused")
struct DecodingTests {
    @Test("An SA as we write it reads back as it was", arguments: [0, 64, 1_024] as [UInt32], [false, true])
    func association(window: UInt32, isIPv6: Bool) throws {
        let id = Fixtures.association(in: Fixtures.inbound, isIPv6 ? Fixtures.pair6 : Fixtures.pair).id
        let association = Association(id: id, replayWindow: window)
        let payload = try Fixtures.payload(.addAssociation(association), key: Fixtures.key)

        let read = Fixtures.association(payload)
        #expect(read == ObservedAssociation(association: association))
    }

    @Test("Policies as we write them read back as they were")
    func policies() throws {
        var block = Fixtures.policy(.out)
        block.action = .block
        var policies = [block]
        for pair in [Fixtures.pair, Fixtures.pair6] {
            policies += Direction.allCases.map { Fixtures.policy($0, spi: Fixtures.outbound, pair) }
            policies += [Fixtures.policy(.in, isOptional: true, pair)]
        }
        let node = Node(
            number: 1, name: try #require(NodeName("a")), addresses: [Fixtures.own, Fixtures.own6], identityKey: [])
        policies += BypassPolicies.policies(
            for: [.bus(Fixtures.peer, port: 7740), .ssh, .neighbourDiscovery], own: node)

        for policy in policies {
            let payload = try Fixtures.payload(.addPolicy(policy))
            #expect(Fixtures.policy(payload) == policy)
        }
    }

    @Test("What stands behind an IPv4 address does not count")
    func behindAddresses() throws {
        let policy = Fixtures.policy(.out)
        var payload = try Fixtures.payload(.addPolicy(policy))
        for offset in [4, 15, 20, 31] { payload[offset] = 1 }
        #expect(Fixtures.policy(payload) == policy)
    }

    @Test("An SA that ours never is reads as other, and is not ours even with our reqid")
    func foreignAssociations() throws {
        let payload = try Fixtures.payload(
            .addAssociation(Fixtures.association(in: Fixtures.inbound)), key: Fixtures.key)
        let edits: [(String, Int, UInt8)] = [
            ("tunnel mode", 214, 1), ("a flag", 216, 1), ("an interface", 48, 1), ("a user", 52, 1),
            ("another algorithm", 224 + 4, UInt8(ascii: "x")), ("another key length", 224 + 4 + 64, 0),
            ("another ICV", 224 + 4 + 68, 64), ("another attribute: XFRMA_ENCAP", 224 + 112 + 2, 4),
            ("another family in the selector", 40, 10), ("an impossible prefix", 42, 33),
        ]
        for (what, offset, value) in edits {
            var edited = payload
            edited[offset] = value
            let read = try #require(Fixtures.association(edited), "\(what)")
            #expect(read.association.shape == .other, "\(what)")
            #expect(!Ownership.owns(read.association), "\(what)")
        }
        // An SA without any algorithm is the kernel's note that it waits for one.
        var larval = payload
        larval[224 + 2] = 19
        #expect(Fixtures.association(larval)?.association.shape == .larval)
        var authentication = payload
        authentication[76] = 51
        #expect(Fixtures.association(authentication) == nil, "AH is no ESP SA")
    }

    @Test("A policy that ours never is reads as other")
    func foreignPolicies() throws {
        let payload = try Fixtures.payload(.addPolicy(Fixtures.policy(.out)))
        let template = 168 + 4
        let edits: [(String, Int, UInt8)] = [
            ("tunnel mode", template + 48, 1), ("a tunnel's address", template, 1), ("AH", template + 20, 51),
            ("another family inside", template + 24, 10), ("an interface", 48, 1), ("a flag", 162, 1),
            ("an action of tomorrow", 161, 9),
        ]
        for (what, offset, value) in edits {
            var edited = payload
            edited[offset] = value
            let read = try #require(Fixtures.policy(edited), "\(what)")
            #expect(read.action == .other, "\(what)")
            #expect(!Ownership.owns(read))
        }
        var doubled = payload + payload[template...]
        doubled[168] = 4 + 128
        #expect(Fixtures.policy(doubled)?.action == .other, "two templates")
        var marked = payload + [12, 0, 21, 0, 1, 0, 0, 0, 1, 0, 0, 0]
        #expect(Fixtures.policy(marked)?.action == .other, "a mark")
        marked[template + 66] = 23
        var socket = payload
        socket[160] = 4
        #expect(Fixtures.policy(socket) == nil, "a socket's own policy")
    }

    @Test("No truncation of a dump's answer crashes the reader")
    func truncated() throws {
        let association = try Fixtures.payload(
            .addAssociation(Fixtures.association(in: Fixtures.inbound)), key: Fixtures.key)
        let policy = try Fixtures.payload(.addPolicy(Fixtures.policy(.out)))
        for count in 0..<association.count {
            let read = Fixtures.association(Array(association[..<count]))
            #expect((read == nil) == (count < 224))
        }
        for count in 0..<policy.count {
            let read = Fixtures.policy(Array(policy[..<count]))
            #expect((read == nil) == (count < 168))
        }
    }

    @Test("No bytes at all crash a reader, and none of random ones read as ours")
    func hostile() throws {
        var random = SystemRandomNumberGenerator()
        let models = [
            try Fixtures.message(.addAssociation(Fixtures.association(in: Fixtures.inbound)), key: Fixtures.key),
            try Fixtures.message(.addPolicy(Fixtures.policy(.out))),
        ]
        for turn in 0..<20_000 {
            var bytes = models[turn % 2]
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            var offset = 0
            while let header = Fixtures.header(bytes, at: offset) {
                #expect(header.end > offset)
                offset = header.end
                let payload = Array(bytes[header.payload])
                _ = Fixtures.association(payload)
                _ = Fixtures.policy(payload)
                _ = Fixtures.answer(payload, flags: header.flags)
            }
        }
    }

    @Test("A header whose length lies is no header")
    func headers() {
        let short: [UInt8] = [15, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
        let long: [UInt8] = [17, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
        #expect(Fixtures.header(short, at: 0) == nil)
        #expect(Fixtures.header(long, at: 0) == nil)
        #expect(Fixtures.header(long, at: -1) == nil)
        #expect(Fixtures.header(long, at: 99) == nil)
    }

    #if _endian(little)
        @Test("An error carries the errno, the kernel's words and the offending byte, capped or not")
        func acknowledgement() {
            let error: [UInt8] = [0xea, 0xff, 0xff, 0xff]
            let attributes: [UInt8] = [9, 0, 1, 0] + Array("Nope\0".utf8) + [0, 0, 0] + [8, 0, 2, 0, 16, 0, 0, 0]
            let capped = error + [252, 0, 0, 0] + [UInt8](repeating: 0, count: 12) + attributes
            let whole = error + [20, 0, 0, 0] + [UInt8](repeating: 0, count: 16) + attributes

            let expected = Acknowledgement(code: 22, words: "Nope", offset: 16)
            #expect(Fixtures.answer(capped, flags: 0x300) == expected)
            #expect(Fixtures.answer(whole, flags: 0x200) == expected)
            #expect(Fixtures.answer(capped, flags: 0x100) == Acknowledgement(code: 22))
            #expect(Fixtures.answer(Array(capped[..<19]), flags: 0) == nil)
        }
    #endif
}
