extension JSONValue {
    /// The value as ONTAP writes it: two spaces a level, nothing before the first byte, no line end after the last.
    ///
    /// Empty objects and lists are `{}` and `[]`. A captured 404 of 102 bytes has exactly this layout
    /// (a published session against ONTAP); Python's client takes a body that does not begin with `{` for multipart.
    /// - Parameter pretty: `false` leaves all white space out.
    public func text(pretty: Bool) -> String {
        var bytes: [UInt8] = []
        write(to: &bytes, indent: pretty ? 0 : nil)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(to bytes: inout [UInt8], indent: Int?) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .decimal(let value): bytes += value.utf8
        case .string(let value): Self.quote(value, to: &bytes)
        case .array(let items):
            Self.bracket("[", items, "]", to: &bytes, indent: indent) { item, bytes, indent in
                item.write(to: &bytes, indent: indent)
            }
        case .object(let object):
            Self.bracket("{", object.members, "}", to: &bytes, indent: indent) { member, bytes, indent in
                Self.quote(member.name, to: &bytes)
                bytes += (indent == nil ? ":" : ": ").utf8
                member.value.write(to: &bytes, indent: indent)
            }
        }
    }

    private static func bracket<Item>(
        _ open: Unicode.Scalar, _ items: [Item], _ close: Unicode.Scalar, to bytes: inout [UInt8], indent: Int?,
        write: (Item, inout [UInt8], Int?) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if let indent { breakLine(indent + 2, in: &bytes) }
            write(item, &bytes, indent.map { $0 + 2 })
        }
        if let indent, !items.isEmpty { breakLine(indent, in: &bytes) }
        bytes.append(UInt8(ascii: close))
    }

    private static func breakLine(_ indent: Int, in bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: indent)
    }

    private static func quote(_ value: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case 0..<0x20, 0x7f:
                bytes += "\\u00".utf8
                if byte < 0x10 { bytes.append(UInt8(ascii: "0")) }
                bytes += String(byte, radix: 16).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
