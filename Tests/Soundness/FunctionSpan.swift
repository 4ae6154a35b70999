/// The lines that one function, initialiser, deinitialiser or subscript takes, its signature included.
struct FunctionSpan: Hashable, Sendable {
    let name: String
    /// Counted from 0.
    let lines: ClosedRange<Int>

    /// Every function with a body, nested ones included, found by counting braces.
    static func all(in tokens: [Token]) -> [FunctionSpan] {
        tokens.indices.compactMap { index in
            guard isDeclaration(at: index, in: tokens), let open = body(of: index, in: tokens) else { return nil }
            var depth = 0
            for end in open..<tokens.count {
                if tokens[end].text == "{" { depth += 1 }
                if tokens[end].text == "}" { depth -= 1 }
                guard depth == 0 else { continue }
                let keyword = tokens[index].text
                let name = keyword == "func" ? tokens.text(at: index + 1) : keyword
                return FunctionSpan(name: name, lines: tokens[index].line...tokens[end].line)
            }
            return nil
        }
    }

    private static func isDeclaration(at index: Int, in tokens: [Token]) -> Bool {
        let before = tokens.text(at: index - 1)
        // `.init(` calls; `` `init` `` is a name; `#function` and `case subscript` are neither.
        guard ![".", "`", "#", "case"].contains(before) else { return false }
        switch tokens[index].text {
        case "func": return true
        case "init", "subscript": return ["(", "?", "!", "<"].contains(tokens.text(at: index + 1))
        case "deinit": return true
        default: return false
        }
    }

    /// The index of the brace that opens the body; `nil` for a requirement of a protocol.
    private static func body(of index: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        for next in tokens.indices.dropFirst(index + 1) {
            switch tokens[next].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return next
            case "}" where depth == 0, ";" where depth == 0: return nil
            case "@" where depth == 0 && tokens.text(at: next - 1) != ">": return nil
            case let word where depth == 0 && beginsDeclaration.contains(word): return nil
            default: break
            }
        }
        return nil
    }

    private static let beginsDeclaration: Set<String> = [
        "func", "var", "let", "init", "deinit", "subscript", "case", "struct", "class", "enum", "actor", "protocol",
        "extension", "typealias", "associatedtype", "static", "public", "private", "internal", "fileprivate", "package",
        "open", "mutating", "nonmutating", "nonisolated", "consuming", "borrowing", "override", "indirect", "final",
        "convenience", "required", "lazy", "weak", "unowned", "#",
    ]
}
