internal import Fleet
internal import MeshKeys
public import Ports

/// An agent's memory in a small text file. It holds no key.
///
/// Version 2 has `epoch`, `generation` and `machine`, a line each, then the sections `[slots]`, `[peer slots]` and
/// `[shield]`, then `[end]`, without which the file was cut off. Version 1 had epoch, generation and slots alone; it is
/// read as well, so that an upgrade loses no slot.
public struct FileNodeRecord: NodeRecord {
    private let path: String

    public init(path: String) { self.path = path }

    public func load() throws(JournalError) -> NodeMemory? {
        do throws(HostError) {
            guard let bytes = try HostFile.read(path) else { return nil }
            return try Self.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw JournalError(operation: "read \(path)", message: "\(error)")
        }
    }

    /// Refuses what would not be read again: more than the limits of ``PeerSlots`` and ``Shield``.
    public func save(_ memory: NodeMemory) throws(JournalError) {
        do throws(HostError) {
            try HostFile.replace(path, mode: 0o600, Array(Self.text(memory).utf8).span)
        } catch {
            throw JournalError(operation: "write \(path)", message: "\(error)")
        }
    }
}

extension FileNodeRecord {
    private static let version1 = "testudo node record 1"
    private static let version2 = "testudo node record 2"
    private static let slots = "[slots]"
    private static let peerSlots = "[peer slots]"
    private static let shield = "[shield]"
    private static let end = "[end]"
    /// Four times as long as a machine id.
    private static let machineByteMaximum = 128

    /// The memory in version 2.
    static func text(_ memory: NodeMemory) throws(HostError) -> String {
        guard memory.peerSlots.sets.count <= PeerSlots.entriesMaximum else {
            throw HostError("more than \(PeerSlots.entriesMaximum) slots of peers")
        }
        guard isWord(memory.machineID) else {
            throw HostError("the machine id is not one word of at most \(machineByteMaximum) ASCII characters")
        }
        let lines = [
            version2,
            "epoch \(memory.epoch.map { "\($0.rawValue)" } ?? "none")",
            "generation \(memory.generation)",
            "machine" + (memory.machineID.isEmpty ? "" : " \(memory.machineID)"),
        ]
        return lines.joined(separator: "\n") + "\n" + "\(slots)\n" + memory.slots.text + "\(peerSlots)\n"
            + memory.peerSlots.text + "\(shield)\n" + (try memory.shield.text()) + "\(end)\n"
    }

    /// Reads either version; an error names the line.
    static func parse(_ text: String) throws(HostError) -> NodeMemory {
        var lines = try RecordLines(text)
        let header = String(lines.take() ?? "")
        guard header == version1 || header == version2 else { throw lines.error("expected `\(version2)`") }
        var memory = NodeMemory()
        memory.epoch = try epoch(&lines)
        memory.generation = Generation(try lines.number(named: "generation"))
        guard header == version2 else {
            memory.slots = try slots(lines.rest())
            return memory
        }
        memory.machineID = try machine(&lines)
        try lines.take(slots)
        memory.slots = try slots(lines.part(before: peerSlots))
        memory.peerSlots = try peerSlots(lines.part(before: shield))
        memory.shield = try Shield(lines.part(before: end))
        guard lines.take() == nil else { throw lines.error("expected nothing after `\(end)`") }
        return memory
    }

    private static func epoch(_ lines: inout RecordLines) throws(HostError) -> Epoch? {
        let word = try lines.word(named: "epoch")
        if word == "none" { return nil }
        guard let number = UInt64(plain: word) else { throw lines.error("epoch is neither a number nor `none`") }
        return Epoch(number)
    }

    private static func slots(_ part: RecordLines) throws(HostError) -> SlotLedger {
        do throws(SlotLedgerError) {
            return try SlotLedger(text: part.text)
        } catch { throw part.error(error.reason, atLine: error.line) }
    }

    private static func peerSlots(_ part: RecordLines) throws(HostError) -> PeerSlots {
        do throws(PeerSlotsError) {
            return try PeerSlots(text: part.text)
        } catch { throw part.error(error.reason, atLine: error.line) }
    }

    private static func machine(_ lines: inout RecordLines) throws(HostError) -> String {
        let words = lines.take()?.split(separator: " ", omittingEmptySubsequences: false) ?? []
        guard words.first == "machine", words.count <= 2 else { throw lines.error("expected `machine` and its id") }
        guard words.count == 2 else { return "" }
        guard !words[1].isEmpty, isWord(words[1]) else { throw lines.error("the machine id is no word of ASCII") }
        return String(words[1])
    }

    private static func isWord(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= machineByteMaximum && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}
