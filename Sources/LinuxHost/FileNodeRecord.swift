internal import Fleet
internal import MeshKeys
public import Ports

/// An agent's memory in a small text file: epoch, generation, slots. It holds no key.
public struct FileNodeRecord: NodeRecord {
    private let path: String

    public init(path: String) { self.path = path }

    public func load() throws(JournalError) -> NodeMemory? {
        do {
            guard let bytes = try HostFile.read(path) else { return nil }
            return try Self.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw JournalError(operation: "read \(path)", message: "\(error)")
        }
    }

    public func save(_ memory: NodeMemory) throws(JournalError) {
        do {
            try HostFile.replace(path, mode: 0o600, Array(Self.text(memory).utf8).span)
        } catch {
            throw JournalError(operation: "write \(path)", message: "\(error)")
        }
    }

    static func text(_ memory: NodeMemory) -> String {
        let epoch = memory.epoch.map { "\($0.rawValue)" } ?? "none"
        return "testudo node record 1\nepoch \(epoch)\ngeneration \(memory.generation.rawValue)\n" + memory.slots.text
    }

    static func parse(_ text: String) throws -> NodeMemory {
        let lines = text.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0] == "testudo node record 1", lines[1].hasPrefix("epoch "),
            lines[2].hasPrefix("generation "), let generation = UInt64(lines[2].dropFirst("generation ".count))
        else { throw HostError("it is not a node record of version 1") }
        var memory = NodeMemory(generation: Generation(generation))
        let epoch = lines[1].dropFirst("epoch ".count)
        if epoch != "none" {
            guard let number = UInt64(epoch) else { throw HostError("its epoch is not a number") }
            memory.epoch = Epoch(number)
        }
        memory.slots = try SlotLedger(text: String(lines[3]))
        return memory
    }
}
