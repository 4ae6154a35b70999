/// A query string as names and values, in order, percent-decoded; nothing is interpreted yet.
public struct QueryText: Hashable, Sendable {
    public struct Item: Hashable, Sendable {
        public var name: String
        public var value: String
    }

    /// More than any client sends; a query string is short anyway.
    public static let itemsMaximum = 128

    public var items: [Item]

    /// Reads what stands after `?`, in the form of HTML forms: `+` is a space.
    ///
    /// Empty parts (`a=1&&b=2`) are skipped. A part without `=`, a broken escape and bytes that are not UTF-8 are
    /// refused.
    public init(_ text: some StringProtocol) throws(APIError) {
        items = []
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard items.count < Self.itemsMaximum else {
                throw .badQueryValue("…", field: "query", hint: "at most \(Self.itemsMaximum) parameters")
            }
            guard let sign = part.firstIndex(of: UInt8(ascii: "=")) else {
                throw .queryWithoutEqualSign(String(decoding: part, as: UTF8.self))
            }
            let name = try Self.decoded(part[..<sign], isForm: true)
            guard !name.isEmpty else { throw .unexpectedArgument("") }
            items.append(Item(name: name, value: try Self.decoded(part[part.index(after: sign)...], isForm: true)))
        }
    }

    /// Percent-decodes; refuses what is not UTF-8 afterwards.
    static func decoded(_ text: some Collection<UInt8>, isForm: Bool) throws(APIError) -> String {
        var bytes: [UInt8] = []
        var index = text.startIndex
        func refusal() -> APIError {
            .badQueryValue(String(decoding: text, as: UTF8.self), field: "query", hint: "percent-encoded UTF-8")
        }
        func digit() throws(APIError) -> UInt8 {
            text.formIndex(after: &index)
            guard index != text.endIndex, let digit = Character(Unicode.Scalar(text[index])).hexDigitValue else {
                throw refusal()
            }
            return UInt8(digit)
        }
        while index != text.endIndex {
            switch text[index] {
            case UInt8(ascii: "%"): bytes.append(try digit() << 4 | digit())
            case UInt8(ascii: "+") where isForm: bytes.append(UInt8(ascii: " "))
            case let byte: bytes.append(byte)
            }
            text.formIndex(after: &index)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw refusal() }
        return decoded
    }
}
