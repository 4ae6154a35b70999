internal import Fleet

/// The lines of a record or of a part of it, taken one after the other; errors say which line of the file it was.
struct RecordLines {
    private var lines: ArraySlice<Substring>
    /// Where the part begins in the file, counted from 0.
    private let first: Int
    /// How many lines were taken; counts on when there are no more, for an error speaks of the one that is missing.
    private var taken = 0

    /// Fails where the last line is not a whole one.
    init(_ text: String) throws(HostError) {
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard all.last == "" else { throw HostError("line \(all.count): the line is cut off") }
        self.init(all.dropLast(), first: 0)
    }

    private init(_ lines: ArraySlice<Substring>, first: Int) {
        self.lines = lines
        self.first = first
    }

    /// The lines that are not taken yet, with their ends.
    var text: String { lines.map { "\($0)\n" }.joined() }

    /// The next line, `nil` after the last one.
    mutating func take() -> Substring? {
        taken += 1
        return lines.popFirst()
    }

    /// Takes a line that must be this one.
    mutating func take(_ expected: String) throws(HostError) {
        guard take() == expected[...] else { throw error("expected `\(expected)`") }
    }

    /// Takes `NAME WORD`; the word.
    mutating func word(named name: String) throws(HostError) -> Substring {
        let words = take()?.split(separator: " ", omittingEmptySubsequences: false) ?? []
        guard words.count == 2, words[0] == name, !words[1].isEmpty else {
            throw error("expected `\(name)` and a word")
        }
        return words[1]
    }

    /// Takes `NAME NUMBER`; the number.
    mutating func number(named name: String) throws(HostError) -> UInt64 {
        guard let number = UInt64(plain: try word(named: name)) else { throw error("\(name) is not a number") }
        return number
    }

    /// Takes everything up to a line, and that line.
    mutating func part(before end: String) throws(HostError) -> RecordLines {
        guard let index = lines.firstIndex(of: end[...]) else {
            throw error("expected `\(end)`", atLine: taken + lines.count + 1)
        }
        let part = RecordLines(lines[..<index], first: first + taken)
        taken += part.lines.count + 1
        lines = lines[lines.index(after: index)...]
        return part
    }

    /// Takes everything.
    mutating func rest() -> RecordLines {
        let part = RecordLines(lines, first: first + taken)
        taken += lines.count
        lines = []
        return part
    }

    /// An error of the line that was taken last.
    func error(_ reason: String) -> HostError { error(reason, atLine: taken) }

    /// An error of one of this part's lines, counted from 1.
    func error(_ reason: String, atLine line: Int) -> HostError { HostError("line \(first + line): \(reason)") }
}
