internal import Fleet

/// Why a persisted ledger could not be read. Starting over with an empty one is safe only without SAs in the kernel.
public struct SlotLedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counts from 1.
    public var line: Int
    public var reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { "slot ledger, line \(line): \(reason)" }
}

extension SlotLedger {
    private static let header = "testudo slots 1"
    /// A line a slot, the header, and the next slot.
    private static let linesMaximum = Int(Slot.maximum) + 2

    /// The ledger as lines of text, the same text for the same content.
    public var text: String {
        let lines = entries.sorted { $0.key < $1.key }.map { slot, entry in
            "slot \(slot.rawValue) set \(entry.set) \(entry.isLive ? "live" : "released")\n"
        }
        return "\(Self.header)\nnext \(next)\n" + lines.joined()
    }

    /// Reads what ``text`` wrote; anything else is refused, for a slot that is overlooked may be given out twice.
    public init(text: String) throws(SlotLedgerError) {
        self.init()
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.last == "" else { throw SlotLedgerError(line: lines.count, reason: "the last line is cut off") }
        lines.removeLast()
        guard lines.first.map(String.init) == Self.header else {
            throw SlotLedgerError(line: 1, reason: "expected `\(Self.header)`")
        }
        guard lines.count <= Self.linesMaximum else {
            throw SlotLedgerError(line: Self.linesMaximum + 1, reason: "more lines than there are slots")
        }
        guard lines.count >= 2, let next = Self.next(lines[1]) else {
            throw SlotLedgerError(line: 2, reason: "expected `next` and 1…\(Slot.maximum)")
        }
        self.next = next
        for (index, line) in lines.enumerated().dropFirst(2) {
            guard let (slot, entry) = Self.entry(line) else {
                throw SlotLedgerError(line: index + 1, reason: "expected `slot N set N live` or `released`")
            }
            guard entries.updateValue(entry, forKey: slot) == nil else {
                throw SlotLedgerError(line: index + 1, reason: "slot \(slot.rawValue) is there twice")
            }
        }
    }

    private static func next(_ line: Substring) -> UInt16? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, words[0] == "next", let number = UInt16(plain: words[1]) else { return nil }
        return Slot(number)?.rawValue
    }

    private static func entry(_ line: Substring) -> (Slot, Entry)? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, words[0] == "slot", words[2] == "set", let number = UInt16(plain: words[1]),
            let slot = Slot(number), let set = UInt64(plain: words[3]), words[4] == "live" || words[4] == "released"
        else { return nil }
        return (slot, Entry(set: Generation(set), isLive: words[4] == "live"))
    }
}
