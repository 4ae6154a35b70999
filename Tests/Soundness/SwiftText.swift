/// A Swift file with its code and its comments told apart, line by line.
///
/// It knows as much of the language as the rules need: nested comments, string literals of every kind with their
/// interpolations, and regex literals on one line. Lines are counted from 0.
struct SwiftText: Sendable {
    /// The code of each line: comments and what stands in literals are blank, the literals' quotes stay.
    let code: [String]
    /// The comments of each line, everything else blank.
    let comments: [String]
    let tokens: [Token]

    init(_ text: String) {
        var separator = CommentSeparator(text)
        separator.run()
        code = Self.lines(separator.code)
        comments = Self.lines(separator.comments)
        tokens = Token.all(in: separator.code)
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

/// Copies each byte of a file either to its code or to its comments, and blanks it in the other.
private struct CommentSeparator {
    private enum Mode {
        /// `depth` counts open parentheses; an interpolation ends with the one that closes it.
        case code(depth: Int, isInterpolation: Bool)
        case literal(hashes: Int, quotes: Int)
    }

    private let bytes: [UInt8]
    private var position = 0
    private var modes: [Mode] = [.code(depth: 0, isInterpolation: false)]
    private(set) var code: [UInt8] = []
    private(set) var comments: [UInt8] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func run() {
        while position < bytes.count {
            switch modes.last {
            case .code(let depth, let isInterpolation): stepInCode(depth: depth, isInterpolation: isInterpolation)
            case .literal(let hashes, let quotes): stepInLiteral(hashes: hashes, quotes: quotes)
            case nil: keep(1)
            }
        }
    }

    private mutating func stepInCode(depth: Int, isInterpolation: Bool) {
        if starts(with: "//") { return comment(bytes[position...].prefix { $0 != UInt8(ascii: "\n") }.count) }
        if starts(with: "/*") { return comment(blockCommentLength()) }
        let hashes = bytes[position...].prefix { $0 == UInt8(ascii: "#") }.count
        if byte(at: position + hashes) == UInt8(ascii: "\"") {
            let isMultiline = starts(with: "\"\"\"", at: position + hashes)
            modes.append(.literal(hashes: hashes, quotes: isMultiline ? 3 : 1))
            return keep(hashes + (isMultiline ? 3 : 1))
        }
        if let length = regexLength() { return blank(length) }
        switch bytes[position] {
        case UInt8(ascii: "("): modes[modes.count - 1] = .code(depth: depth + 1, isInterpolation: isInterpolation)
        case UInt8(ascii: ")"):
            modes[modes.count - 1] = .code(depth: depth - 1, isInterpolation: isInterpolation)
            if isInterpolation, depth == 1 { modes.removeLast() }
        default: break
        }
        keep(1)
    }

    private mutating func stepInLiteral(hashes: Int, quotes: Int) {
        let marks = String(repeating: "#", count: hashes)
        if starts(with: "\\" + marks) {
            if byte(at: position + 1 + hashes) == UInt8(ascii: "(") {
                blank(1 + hashes)
                modes.append(.code(depth: 1, isInterpolation: true))
                keep(1)
            } else {
                blank(2 + hashes)
            }
        } else if starts(with: String(repeating: "\"", count: quotes) + marks) {
            modes.removeLast()
            keep(quotes + hashes)
        } else {
            // A literal on one line ends with its line, even where its quote was forgotten.
            if quotes == 1, bytes[position] == UInt8(ascii: "\n") { modes.removeLast() }
            blank(1)
        }
    }

    private func blockCommentLength() -> Int {
        var depth = 0
        var end = position
        repeat {
            if starts(with: "/*", at: end) {
                depth += 1
                end += 2
            } else if starts(with: "*/", at: end) {
                depth -= 1
                end += 2
            } else {
                end += 1
            }
        } while depth > 0 && end < bytes.count
        return end - position
    }

    /// The length of the regex literal that begins here; `nil` where a slash divides, or nothing closes it in its line.
    private func regexLength() -> Int? {
        guard bytes[position] == UInt8(ascii: "/"), let next = byte(at: position + 1),
            !Array(" \n)/*=".utf8).contains(next)
        else { return nil }
        let before = code.last { $0 != UInt8(ascii: " ") } ?? UInt8(ascii: "\n")
        guard Array("\n(,=:[{!&|?;#".utf8).contains(before) else { return nil }
        var isInSet = false
        var end = position + 1
        while let byte = byte(at: end), byte != UInt8(ascii: "\n") {
            switch byte {
            case UInt8(ascii: "\\"): end += 1
            case UInt8(ascii: "["): isInSet = true
            case UInt8(ascii: "]"): isInSet = false
            case UInt8(ascii: "/") where !isInSet: return end - position + 1
            default: break
            }
            end += 1
        }
        return nil
    }

    private func byte(at index: Int) -> UInt8? {
        bytes.indices.contains(index) ? bytes[index] : nil
    }

    private func starts(with text: String, at index: Int? = nil) -> Bool {
        bytes[min(index ?? position, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func keep(_ count: Int) {
        for byte in next(count) {
            code.append(byte)
            comments.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
        }
    }

    private mutating func comment(_ count: Int) {
        for byte in next(count) {
            code.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
            comments.append(byte)
        }
    }

    private mutating func blank(_ count: Int) {
        for byte in next(count) {
            let blank = byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " ")
            code.append(blank)
            comments.append(blank)
        }
    }

    private mutating func next(_ count: Int) -> ArraySlice<UInt8> {
        let taken = bytes[position...].prefix(count)
        position = taken.endIndex
        return taken
    }
}
