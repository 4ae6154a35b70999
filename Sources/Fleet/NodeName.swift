/// A node's name: 1…63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit.
///
/// The shape is that of a host name (RFC 1123), so that a name can stand in a path, a log line and an answer as it is.
public struct NodeName: Hashable, Comparable, Sendable, Codable {
    public static let lengthMaximum = 63

    public let text: String

    /// Fails where the text has another shape.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard (1...Self.lengthMaximum).contains(bytes.count) else { return nil }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let isWellFormed = bytes.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        guard isWellFormed, let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return nil }
        self.text = text
    }

    public static func < (left: NodeName, right: NodeName) -> Bool { left.text < right.text }
}

extension NodeName: CustomStringConvertible {
    public var description: String { text }
}
