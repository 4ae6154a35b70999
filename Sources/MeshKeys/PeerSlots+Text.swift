internal import Fleet

/// Why persisted slots of peers could not be read.
public struct PeerSlotsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counts from 1.
    public var line: Int
    public var reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { "peer slots, line \(line): \(reason)" }
}

extension PeerSlots {
    /// The most entries that are persisted: four sets (before, in and after a rotation, and of the way back) of 8 192
    /// peers, four times the nodes that a full mesh is meant for. A line has 47 bytes at most, so all take 1.5 MiB.
    public static let entriesMaximum = 32_768

    private static let header = "testudo peer slots 1"

    /// The slots as lines of text, the same text for the same content.
    public var text: String {
        let lines = sets.sorted { $0.key < $1.key }.map { key, set in
            "peer \(key.peer) slot \(key.slot.rawValue) set \(set)\n"
        }
        return "\(Self.header)\n" + lines.joined()
    }

    /// Reads what ``text`` wrote; anything else is refused, and so are more than ``entriesMaximum`` entries.
    public init(text: String) throws(PeerSlotsError) {
        self.init()
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.last == "" else { throw PeerSlotsError(line: lines.count, reason: "the last line is cut off") }
        lines.removeLast()
        guard lines.first.map(String.init) == Self.header else {
            throw PeerSlotsError(line: 1, reason: "expected `\(Self.header)`")
        }
        guard lines.count <= Self.entriesMaximum + 1 else {
            throw PeerSlotsError(
                line: Self.entriesMaximum + 2, reason: "more than \(Self.entriesMaximum) entries")
        }
        for (index, line) in lines.enumerated().dropFirst() {
            guard let (key, set) = Self.entry(line) else {
                throw PeerSlotsError(line: index + 1, reason: "expected `peer N slot N set N`")
            }
            guard sets.updateValue(set, forKey: key) == nil else {
                let what = "slot \(key.slot.rawValue) of peer \(key.peer)"
                throw PeerSlotsError(line: index + 1, reason: "\(what) is there twice")
            }
        }
    }

    private static func entry(_ line: Substring) -> (Key, Generation)? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0] == "peer", words[2] == "slot", words[4] == "set",
            let number = UInt32(plain: words[1]), let peer = NodeNumber(number),
            let slotNumber = UInt16(plain: words[3]), let slot = Slot(slotNumber), let set = UInt64(plain: words[5])
        else { return nil }
        return (Key(peer: peer, slot: slot), Generation(set))
    }
}
