/// Builds an encoding that has one form for one content: numbers big-endian, lists with their count before them.
struct CanonicalBytes {
    private(set) var bytes: [UInt8]

    /// `label` keeps encodings for different purposes apart.
    init(label: StaticString) { bytes = Array("\(label)".utf8) }

    mutating func append(_ number: UInt32) { appendBigEndian(number) }
    mutating func append(_ number: UInt64) { appendBigEndian(number) }

    /// Bytes whose length the reader knows.
    mutating func append(fixed field: [UInt8]) { bytes += field }

    /// Bytes of any length, with the length before them.
    mutating func append(counted field: some Collection<UInt8>) {
        append(UInt32(field.count))
        bytes += field
    }

    /// The bytes, then zeros up to the width.
    mutating func append(_ field: [UInt8], paddedTo width: Int) {
        precondition(field.count <= width, "a field fits its width")
        bytes += field
        bytes += repeatElement(0, count: width - field.count)
    }

    private mutating func appendBigEndian<Number: FixedWidthInteger>(_ number: Number) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }
}
