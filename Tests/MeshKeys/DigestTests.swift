internal import Fleet
internal import MeshKeys
internal import Testing

@Suite("Digests of rosters and offer sets")
struct DigestTests {
    private func roster() throws -> Roster {
        func node(_ number: NodeNumber, _ name: String, _ addresses: [String]) throws -> Node {
            Node(
                number: number, name: try #require(NodeName(name)),
                addresses: try addresses.map { try #require(Address($0)) },
                identityKey: [UInt8](repeating: UInt8(number.rawValue), count: 32))
        }
        return Roster(
            epoch: Epoch(1), fleetID: [UInt8](0..<16), sequence: 4,
            nodes: [1: try node(1, "a", ["10.0.0.1", "fd00::1"]), 2: try node(2, "b", ["10.0.0.2"])],
            quarantined: [try #require(Address("10.0.0.4")), try #require(Address("10.0.0.5"))],
            bypass: [.bus(try #require(Address("10.0.0.9")), port: 7740), .ssh])
    }

    @Test("Equal rosters have equal digests, whatever order their nodes were put in")
    func equalContent() throws {
        let roster = try roster()
        var other = roster
        other.nodes = [:]
        for (number, node) in roster.nodes.sorted(by: { $0.key > $1.key }) { other.nodes[number] = node }

        #expect(Digest(of: other) == Digest(of: roster))
        #expect(RosterVersion(of: roster) == RosterVersion(sequence: 4, digest: Digest(of: roster)))
    }

    @Test("Every field of a roster counts")
    func everyField() throws {
        let roster = try roster()
        let address = try #require(Address("10.0.0.3"))
        let name = try #require(NodeName("c"))
        let changes: [(inout Roster) -> Void] = [
            { $0.epoch = Epoch(2) }, { $0.fleetID[0] = 1 }, { $0.sequence = 5 }, { $0.nodes[2] = nil },
            { $0.nodes[1]?.addresses.swapAt(0, 1) }, { $0.nodes[2]?.addresses.append(address) },
            { $0.nodes[1]?.identityKey[31] = 0 }, { $0.nodes[1]?.name = name },
            { $0.bypass.removeLast() }, { $0.bypass.append(.neighbourDiscovery) },
            { $0.bypass[0] = .bus(address, port: 7740) }, { $0.bypass.swapAt(0, 1) }, { $0.bypass = [] },
            { $0.quarantined.removeLast() }, { $0.quarantined.append(address) }, { $0.quarantined.swapAt(0, 1) },
            { $0.quarantined = [] }, { $0.probePort = 7742 },
        ]
        var digests: Set = [Digest(of: roster)]

        for change in changes {
            var other = roster
            change(&other)
            digests.insert(Digest(of: other))
        }

        #expect(digests.count == changes.count + 1)
    }

    @Test("Every field of an offer set counts")
    func offers() throws {
        let offer = Offer(
            id: [UInt8](repeating: 1, count: 16), ephemeralKey: [UInt8](repeating: 2, count: 32),
            slot: try #require(Slot(3)))
        let other = try #require(Slot(4))
        let set = OfferSet(generation: Generation(8), offers: [1: offer, 2: offer])
        let changes: [(inout OfferSet) -> Void] = [
            { $0.generation = Generation(9) }, { $0.offers[2] = nil }, { $0.offers[1]?.id[0] = 9 },
            { $0.offers[1]?.ephemeralKey[0] = 9 }, { $0.offers[2]?.slot = other }, { $0.replayWindow = 0 },
            { $0.offers[3] = offer },
        ]
        var digests: Set = [Digest(of: set)]

        for change in changes {
            var changed = set
            change(&changed)
            digests.insert(Digest(of: changed))
        }

        #expect(digests.count == changes.count + 1)
    }

    @Test("An address never stands for another list's: what is quarantined is not what is bypassed")
    func listsApart() throws {
        var quarantined = try roster()
        let address = try #require(Address("10.0.0.9"))
        quarantined.bypass = [.ssh]
        quarantined.quarantined = [address]
        var bypassed = quarantined
        bypassed.bypass = [.bus(address, port: 7740), .ssh]
        bypassed.quarantined = []

        #expect(Digest(of: quarantined) != Digest(of: bypassed))
    }

    @Test("A roster and an offer set have digests in layouts of their own, the same in every build")
    func knownAnswers() throws {
        let offer = Offer(
            id: [UInt8](repeating: 1, count: 16), ephemeralKey: [UInt8](repeating: 2, count: 32),
            slot: try #require(Slot(3)))
        let set = OfferSet(generation: Generation(8), replayWindow: 64, offers: [1: offer, 2: offer])
        func text(_ digest: Digest) -> String {
            digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }

        #expect(text(Digest(of: try roster())) == "38da7d9bd7dec23a7fb340f7439801991fdd197c66e9865c6bde7b16bac203ce")
        #expect(text(Digest(of: set)) == "7e860a05e4c23a4fe6fc50f741635f7f766e25ee32e174f504770c23c9295ec1")
    }
}
