/// Walks through the fields of one message in ascending order (Protocol Buffers, Encoding). What is not exactly as asked for
/// is answered with `nil`, and whoever asked leaves the frame to the library.
struct FieldReader {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }

    /// Whether the next field is this one; it is entered then. Fields are below 16: their tags take one byte.
    mutating func enters(_ field: UInt8, _ kind: FieldKind) -> Bool {
        guard position < end, bytes[position] == field << 3 | kind.rawValue else { return false }
        position += 1
        return true
    }

    /// A number of at most 64 bits.
    mutating func varint() -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            if shift == 63 && byte > 1 { return nil }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }

    mutating func fixed64() -> UInt64? {
        guard end - position >= 8 else { return nil }
        var number: UInt64 = 0
        for index in 0..<8 { number |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += 8
        return number
    }

    /// What has a length: a message within this one, or a list of numbers.
    mutating func block() -> FieldReader? {
        guard let count = varint(), count <= UInt64(end - position) else { return nil }
        let start = position
        position += Int(count)
        return FieldReader(bytes, start..<position)
    }

    mutating func bytes(count: Int) -> [UInt8]? {
        guard let block = block(), block.end - block.position == count else { return nil }
        return Array(bytes[block.position..<block.end])
    }

    /// A number that is left out where it is 0.
    mutating func number(_ field: UInt8, atMost maximum: UInt64 = .max) -> UInt64? {
        guard enters(field, .varint) else { return 0 }
        return varint().flatMap { $0 <= maximum ? $0 : nil }
    }
}

/// How a field is laid out.
enum FieldKind: UInt8 {
    case varint = 0
    case fixed64 = 1
    case block = 2
}

/// Writes fields as the library does: ascending, and none that is 0.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(160) }

    mutating func number(_ field: UInt8, _ number: UInt64) {
        guard number != 0 else { return }
        bytes.append(field << 3 | FieldKind.varint.rawValue)
        varint(number)
    }

    /// A number that is there although it is 0.
    mutating func zero(_ field: UInt8) { bytes += [field << 3 | FieldKind.varint.rawValue, 0] }

    mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func block(_ field: UInt8, _ content: [UInt8]) {
        bytes.append(field << 3 | FieldKind.block.rawValue)
        varint(UInt64(content.count))
        bytes += content
    }

    /// A message within this one, also where nothing is in it; its length is known after it is written.
    mutating func message(_ field: UInt8, _ body: (inout FieldWriter) -> Void) {
        bytes.append(field << 3 | FieldKind.block.rawValue)
        bytes.append(0)
        let start = bytes.count
        body(&self)
        let count = bytes.count - start
        if count < 0x80 {
            bytes[start - 1] = UInt8(count)
        } else {
            var length = FieldWriter()
            length.varint(UInt64(count))
            bytes.replaceSubrange(start - 1..<start, with: length.bytes)
        }
    }
}
