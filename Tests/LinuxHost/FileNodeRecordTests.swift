import Fleet
import MeshKeys
import Ports
import Testing

@testable import LinuxHost

@Suite("An agent's record on disk")
struct FileNodeRecordTests {
    @Test("Where no file is, nothing is remembered")
    func none() throws {
        let folder = try TemporaryFolder()
        let record = FileNodeRecord(path: folder.path + "/record")
        #expect(try record.load() == nil)
    }

    @Test("What was saved is loaded as it was, and written the same", arguments: 0..<100 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = RandomMemory(seed: seed)
        let memory = random.memory()
        let folder = try TemporaryFolder()
        let record = FileNodeRecord(path: folder.path + "/record")
        try record.save(NodeMemory())
        try record.save(memory)

        let loaded = try #require(try record.load())
        #expect(loaded == memory)
        #expect(try FileNodeRecord.text(loaded) == FileNodeRecord.text(memory))
    }

    @Test("A file that was cut off anywhere is refused", arguments: 0..<5 as Range<UInt64>)
    func cutOff(seed: UInt64) throws {
        var random = RandomMemory(seed: seed)
        let text = try FileNodeRecord.text(random.memory())
        for length in 0..<text.count {
            #expect(throws: HostError.self) { try FileNodeRecord.parse(String(text.prefix(length))) }
        }
    }

    @Test("A line that is gone or there twice is refused, or what it said is known to be missing")
    func lines() throws {
        var random = RandomMemory(seed: 7)
        let memory = random.memory()
        let lines = try FileNodeRecord.text(memory).split(separator: "\n")
        for index in lines.indices {
            var fewer = lines
            fewer.remove(at: index)
            let read = try? FileNodeRecord.parse(fewer.map { $0 + "\n" }.joined())
            #expect(read != memory)
            var more = lines
            more.insert(lines[index], at: index)
            // The own addresses and the bypass are lists: the same twice is a list of two.
            if lines[index].hasPrefix("own") || lines[index].hasPrefix("bypass") { continue }
            #expect(throws: HostError.self) { try FileNodeRecord.parse(more.map { $0 + "\n" }.joined()) }
        }
    }

    @Test("A file of version 1 keeps epoch, generation and slots; the rest is not known")
    func version1() throws {
        let text = """
            testudo node record 1
            epoch 9
            generation 12
            testudo slots 1
            next 3
            slot 1 set 11 released
            slot 2 set 12 live

            """
        let memory = try FileNodeRecord.parse(text)

        #expect(memory.epoch == Epoch(9))
        #expect(memory.generation == Generation(12))
        #expect(memory.slots.text == "testudo slots 1\nnext 3\nslot 1 set 11 released\nslot 2 set 12 live\n")
        #expect(memory.peerSlots == PeerSlots())
        #expect(memory.shield == Shield())
        #expect(memory.machineID == "")
        #expect(try FileNodeRecord.parse(FileNodeRecord.text(memory)) == memory)
    }

    @Test("A version 2 file is what a reader expects")
    func version2() throws {
        let own = try #require(Address("10.0.0.1"))
        let peer = try #require(Address("10.0.0.2"))
        var memory = NodeMemory(epoch: Epoch(9), generation: Generation(12), machineID: "abc")
        _ = try memory.slots.take(for: Generation(12), inUse: [])
        memory.peerSlots.note(Generation(12), [5: try #require(Slot(77))])
        memory.shield = Shield(
            pairs: [Shield.Pair(own: own, peer: peer)], own: [own],
            bypass: [.bus(peer, port: 7_740), .ssh, .neighbourDiscovery])

        #expect(
            try FileNodeRecord.text(memory) == """
                testudo node record 2
                epoch 9
                generation 12
                machine abc
                [slots]
                testudo slots 1
                next 2
                slot 1 set 12 live
                [peer slots]
                testudo peer slots 1
                peer 5 slot 77 set 12
                [shield]
                own 10.0.0.1
                bypass bus 10.0.0.2 7740
                bypass ssh
                bypass neighbour-discovery
                pair 10.0.0.1 10.0.0.2
                [end]

                """)
    }

    @Test("The greatest memory fits a file of ours, and a greater one is not written")
    func greatest() throws {
        var memory = try greatestMemory()
        #expect(try FileNodeRecord.text(memory).utf8.count <= HostFile.sizeMaximum)
        let folder = try TemporaryFolder()
        let record = FileNodeRecord(path: folder.path + "/record")
        try record.save(memory)
        #expect(try record.load() == memory)

        memory.peerSlots.note(Generation(1), [1: try #require(Slot(1))])
        #expect(throws: JournalError.self) { try record.save(memory) }
        memory.peerSlots = PeerSlots()
        memory.shield.pairs.insert(Shield.Pair(own: .any(.ipv4), peer: .any(.ipv4)))
        #expect(throws: JournalError.self) { try record.save(memory) }
        #expect(try record.load() != memory)
    }

    /// As much of everything as there may be, in its longest form.
    private func greatestMemory() throws -> NodeMemory {
        var memory = NodeMemory(
            epoch: Epoch(.max), generation: Generation(.max), machineID: String(repeating: "a", count: 128))
        for _ in 1...Slot.maximum { _ = try memory.slots.take(for: Generation(.max), inUse: []) }
        for number in 0..<UInt32(PeerSlots.entriesMaximum) {
            let peer = try #require(NodeNumber(NodeNumber.maximum - number % 8_192))
            let slot = try #require(Slot(4_095 - UInt16(number / 8_192)))
            memory.peerSlots.note(Generation(.max), [peer: slot])
        }
        let own = try #require(Address("fd77:ffff:ffff:ffff:ffff:ffff:ffff:fff0"))
        memory.shield.own = [own, own, own, own]
        memory.shield.bypass = Array(repeating: .bus(own, port: .max), count: Shield.bypassMaximum)
        for number in 0..<Shield.pairsMaximum {
            let tail = String(number + 0xa000, radix: 16)
            let peer = try #require(Address("fd77:ffff:ffff:ffff:ffff:ffff:ffff:\(tail)"))
            memory.shield.pairs.insert(Shield.Pair(own: own, peer: peer))
        }
        return memory
    }

    @Test(
        "What could not be read again is not written",
        arguments: ["a b", "a\nb", "ä", String(repeating: "a", count: 129)])
    func machineID(id: String) {
        #expect(throws: HostError.self) { try FileNodeRecord.text(NodeMemory(machineID: id)) }
    }

    @Test("A shielded pair of two families is not written")
    func mixedPair() {
        let shield = Shield(pairs: [Shield.Pair(own: .any(.ipv4), peer: .any(.ipv6))])
        #expect(throws: HostError.self) { try FileNodeRecord.text(NodeMemory(shield: shield)) }
    }

    @Test("A malformed line is refused with its number", arguments: MalformedRecord.all)
    func malformed(text: String, line: Int) {
        let error = #expect(throws: HostError.self) { try FileNodeRecord.parse(text) }
        #expect(error?.description.hasPrefix("line \(line): ") == true, "\(error?.description ?? "")")
    }
}
