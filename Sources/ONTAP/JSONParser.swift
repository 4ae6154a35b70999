/// Reads one JSON text (RFC 8259) strictly and within bounds.
///
/// Refused, because they are a mistake or an attack: a name twice in one object, values nested deeper than
/// ``depthMaximum``, more than ``valuesMaximum`` values, numbers outside 64 bits, bytes that are not UTF-8, lone
/// surrogates, a byte order mark, and anything after the value.
public struct JSONParser {
    /// ONTAP's own deepest request has six levels.
    public static let depthMaximum = 32
    /// A megabyte of `[0,0,…` would otherwise become half a million values.
    public static let valuesMaximum = 65_536

    private let bytes: [UInt8]
    private let valuesMaximum: Int
    private var position = 0
    private var values = 0

    private init(_ bytes: [UInt8], _ valuesMaximum: Int) {
        self.bytes = bytes
        self.valuesMaximum = valuesMaximum
    }

    /// Reads the whole of `bytes`; its caller bounds their count.
    ///
    /// - Parameter valuesMaximum: the standard is a request's; an answer may have more.
    public static func parse(
        _ bytes: [UInt8], valuesMaximum: Int = Self.valuesMaximum
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, valuesMaximum)
        parser.skipSpace()
        let value = try parser.value(depth: 1)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.unexpected() }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.depthMaximum else { throw error(.tooDeep) }
        values += 1
        guard values <= valuesMaximum else { throw error(.tooMany) }
        guard let byte = peek else { throw unexpected() }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected()
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        position += 1
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return JSONObject() }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw unexpected() }
            let start = position
            let name = try string()
            // Canonical equivalence would call two spellings of one accent the same: that is a repetition too.
            guard names.insert(name).inserted else { throw JSONError(.duplicate(name), at: start) }
            skipSpace()
            guard take(":") else { throw unexpected() }
            skipSpace()
            members.append(JSONObject.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return JSONObject(distinct: members) }
            guard take(",") else { throw unexpected() }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if take("]") { return items }
        while true {
            skipSpace()
            items.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return items }
            guard take(",") else { throw unexpected() }
        }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take("-")
        if !take("0") {
            guard takeDigits() else { throw unexpected() }
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard takeDigits() else { throw unexpected() }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard takeDigits() else { throw unexpected() }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard isInteger else {
            guard let approximate = Double(text), approximate.isFinite else { throw JSONError(.range, at: start) }
            return .decimal(text)
        }
        guard let value = Int64(text) else { throw JSONError(.range, at: start) }
        return .integer(value)
    }

    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw JSONError(.encoding, at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &content)
            case 0..<0x20:
                throw unexpected()
            default:
                content.append(byte)
                position += 1
            }
        }
        throw unexpected()
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw unexpected() }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            content += Array(String(try scalar()).utf8)
            return
        default: throw unexpected()
        }
        position += 1
    }

    /// A scalar after `\u`: four digits, or a pair of surrogates.
    private mutating func scalar() throws(JSONError) -> Character {
        let start = position
        let first = try hexDigits()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        guard (0xd800..<0xdc00).contains(first), take("\\"), take("u") else { throw JSONError(.encoding, at: start) }
        let second = try hexDigits()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw JSONError(.encoding, at: start) }
        return Character(scalar)
    }

    private mutating func hexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw unexpected() }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in text.description.utf8 {
            guard peek == byte else { throw unexpected() }
            position += 1
        }
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func takeDigits() -> Bool {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private func error(_ reason: JSONError.Reason) -> JSONError { JSONError(reason, at: position) }
    private func unexpected() -> JSONError { error(.syntax) }
}

/// Why bytes are not a JSON text that is accepted here.
public struct JSONError: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// A byte that cannot stand there, or the end.
        case syntax
        /// A number that 64 bits do not hold.
        case range
        /// Not UTF-8, or half of a surrogate pair.
        case encoding
        /// This name a second time in one object.
        case duplicate(String)
        /// Nested deeper than ``JSONParser/depthMaximum``.
        case tooDeep
        /// More values than ``JSONParser/valuesMaximum``.
        case tooMany
    }

    public var reason: Reason
    /// Counted in bytes from 0.
    public var offset: Int

    init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}
