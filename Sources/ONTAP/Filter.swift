/// Which records of a list are shown: what properties' names as parameters ask for.
///
/// `name=value`, where a value is what a property is equal to; `<v`, `<=v`, `>v`, `>=v`, `a..b` (both ends included),
/// `null`, `!` in front for the contrary, and `|` between alternatives. `*` in a text stands for any characters. Quotes or
/// braces around a value take it as it is written. Numbers compare by size, texts by their scalars. A property that is not
/// set matches `null` alone.
public struct Filter: Hashable, Sendable {
    private struct Clause: Hashable, Sendable {
        var path: [String]
        var type: Resource.Property.Value
        var alternatives: [Condition]
    }

    /// More alternatives than that a script should ask for one by one.
    ///
    /// Of all parameters together: each is looked for in each record.
    static let alternativesMaximum = 64

    private var alternativesCount = 0
    private var clauses: [Clause] = []

    /// Nothing was asked for: every record is shown.
    static let everything = Filter()

    /// Reads one parameter; a second one must hold as well.
    mutating func require(_ property: Resource.Property, at path: [String], _ text: String) throws(APIError) {
        var alternatives: [Condition] = []
        for part in Self.parts(of: text) {
            alternativesCount += 1
            guard alternativesCount <= Self.alternativesMaximum else {
                throw .badQueryValue(
                    text, field: path.joined(separator: "."), hint: "at most \(Self.alternativesMaximum) alternatives")
            }
            guard let condition = Condition(part, of: property.type) else {
                throw .badQueryValue(part, field: path.joined(separator: "."), hint: property.type.hint)
            }
            alternatives.append(condition)
        }
        clauses.append(Clause(path: path, type: property.type, alternatives: alternatives))
    }

    /// Whether a record is one of those that were asked for.
    func matches(_ record: JSONObject) -> Bool {
        clauses.allSatisfy { clause in
            let value = JSONValue.object(record).value(at: clause.path)
            return clause.alternatives.contains { $0.matches(value, as: clause.type) }
        }
    }

    /// Whether a record with this value there may be one of them: what need not be made need not be looked at.
    public func mayMatch(_ value: JSONValue, at path: [String]) -> Bool {
        clauses.allSatisfy { clause in
            clause.path != path || clause.alternatives.contains { $0.matches(value, as: clause.type) }
        }
    }

    /// The alternatives, as they are written; a bar inside quotes or braces divides nothing.
    private static func parts(of text: String) -> [String] {
        var parts = [""]
        var closing: Character?
        for character in text {
            if character == closing {
                closing = nil
            } else if closing == nil, parts[parts.count - 1].isEmpty || parts[parts.count - 1] == "!" {
                closing = character == "\"" ? "\"" : character == "{" ? "}" : nil
            }
            if character == "|" && closing == nil { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts
    }
}

/// One thing that a property may be asked to be.
private indirect enum Condition: Hashable, Sendable {
    case equal(Operand)
    /// Text with these pieces between stars.
    case like([String])
    case below(Operand, isIncluded: Bool)
    case above(Operand, isIncluded: Bool)
    case between(Operand, Operand)
    case unset
    case not(Condition)

    init?(_ text: String, of type: Resource.Property.Value) {
        if let rest = Self.rest(of: text, after: "!") {
            guard !rest.hasPrefix("!"), let condition = Condition(rest, of: type) else { return nil }
            self = .not(condition)
            return
        }
        if let literal = Self.literal(text) {
            guard let operand = Operand(literal, of: type) else { return nil }
            self = .equal(operand)
            return
        }
        if text == "null" {
            self = .unset
            return
        }
        for (sign, isBelow, isIncluded) in [
            ("<=", true, true), (">=", false, true), ("<", true, false), (">", false, false),
        ] {
            guard let rest = Self.rest(of: text, after: sign) else { continue }
            guard let operand = Operand(rest, of: type) else { return nil }
            self = isBelow ? .below(operand, isIncluded: isIncluded) : .above(operand, isIncluded: isIncluded)
            return
        }
        if let (low, high) = Self.range(text) {
            guard let low = Operand(low, of: type), let high = Operand(high, of: type) else { return nil }
            self = .between(low, high)
            return
        }
        if text.contains("*"), type == .text {
            self = .like(text.split(separator: "*", omittingEmptySubsequences: false).map(String.init))
            return
        }
        if text == "*" {
            self = .not(.unset)
            return
        }
        guard let operand = Operand(text, of: type) else { return nil }
        self = .equal(operand)
    }

    /// Whether a value is so; of a list, whether any element is, and an empty one is not set.
    func matches(_ value: JSONValue?, as type: Resource.Property.Value) -> Bool {
        if case .array(let elements) = value {
            if elements.isEmpty { return matches(nil, as: type) }
            return elements.contains { matches($0, as: type) }
        }
        let isSet = value != nil && value != .null
        switch self {
        case .unset: return !isSet
        case .not(.unset): return isSet
        case .not(let condition): return isSet && !condition.matches(value, as: type)
        case .equal, .like, .below, .above, .between: break
        }
        guard let operand = Operand(value, as: type) else { return false }
        switch self {
        case .equal(let other): return operand == other
        case .like(let pieces): return operand.matches(pieces)
        case .below(let bound, let isIncluded): return operand < bound || (isIncluded && operand == bound)
        case .above(let bound, let isIncluded): return bound < operand || (isIncluded && operand == bound)
        case .between(let low, let high): return !(operand < low) && !(high < operand)
        case .unset, .not: return false
        }
    }

    private static func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private static func literal(_ text: String) -> String? {
        for (opening, closing) in [("\"", "\""), ("{", "}")]
        where text.utf8.count >= 2 && text.hasPrefix(opening) && text.hasSuffix(closing) {
            return String(text.dropFirst().dropLast())
        }
        return nil
    }

    private static func range(_ text: String) -> (String, String)? {
        let scalars = Array(text.unicodeScalars)
        guard let dots = scalars.indices.dropLast().first(where: { scalars[$0] == "." && scalars[$0 + 1] == "." })
        else { return nil }
        func part(_ range: some Sequence<Unicode.Scalar>) -> String {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: range)
            return String(text)
        }
        return (part(scalars[..<dots]), part(scalars[(dots + 2)...]))
    }
}

/// What a property is compared with, or its value.
private enum Operand: Hashable, Comparable, Sendable {
    case flag(Bool)
    case number(Int64)
    case text(String)

    init?(_ text: String, of type: Resource.Property.Value) {
        switch type {
        case .text, .list: self = .text(text)
        case .number:
            guard let number = Int64(text) else { return nil }
            self = .number(number)
        case .flag:
            switch text {
            case "true", "True": self = .flag(true)
            case "false", "False": self = .flag(false)
            default: return nil
            }
        }
    }

    /// A number that the wire has as text is a number.
    init?(_ value: JSONValue?, as type: Resource.Property.Value) {
        switch value {
        case .bool(let flag): self = .flag(flag)
        case .integer(let number): self = .number(number)
        case .string(let text):
            guard let operand = Operand(text, of: type) else { return nil }
            self = operand
        case .null, .decimal, .array, .object, nil: return nil
        }
    }

    static func < (left: Operand, right: Operand) -> Bool {
        switch (left, right) {
        case (.flag(let left), .flag(let right)): !left && right
        case (.number(let left), .number(let right)): left < right
        case (.text(let left), .text(let right)):
            left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
        default: false
        }
    }

    /// Whether it is a text that these pieces make, with anything between them.
    func matches(_ pieces: [String]) -> Bool {
        guard case .text(let text) = self, let first = pieces.first?.utf8, let last = pieces.last?.utf8,
            text.utf8.starts(with: first), text.utf8.count >= first.count + last.count,
            text.utf8.suffix(last.count).elementsEqual(last)
        else { return false }
        var rest = text.utf8.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let found = Self.find(piece.utf8, in: rest) else { return false }
            rest = rest[found...]
        }
        return true
    }

    /// Where the text goes on after the first occurrence. Byte by byte: UTF-8 has no character inside another.
    private static func find(
        _ piece: String.UTF8View, in text: Substring.UTF8View
    ) -> Substring.UTF8View.Index? {
        guard let first = piece.first else { return text.startIndex }
        var rest = text
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: piece) { return rest.index(start, offsetBy: piece.count) }
            rest = rest.dropFirst()
        }
        return nil
    }
}
