/// A word or a single sign of Swift code, and where it stands.
struct Token: Hashable, Sendable {
    let text: String
    /// Counted from 0.
    let line: Int
    /// Whether nothing, not even a blank, stands between it and the token before.
    let isAttached: Bool
    let isWord: Bool

    /// The tokens of code whose comments and literals are blank.
    static func all(in code: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var line = 0
        var isAttached = false
        var index = 0
        while index < code.count {
            let byte = code[index]
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") {
                isAttached = false
                index += 1
                continue
            }
            let word = code[index...].prefix(while: isWordByte)
            let taken = word.isEmpty ? code[index...].prefix(1) : word
            tokens.append(
                Token(
                    text: String(decoding: taken, as: UTF8.self), line: line, isAttached: isAttached,
                    isWord: !word.isEmpty))
            isAttached = true
            index = taken.endIndex
        }
        return tokens
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }
}

extension [Token] {
    /// Whether the two stand next to each other somewhere.
    func adjacent(_ first: String, _ second: String) -> Bool {
        zip(self, dropFirst()).contains { $0.text == first && $1.text == second }
    }

    /// The text of the token at an index, empty outside the file.
    func text(at index: Int) -> String { indices.contains(index) ? self[index].text : "" }
}
