/// A node's small stable number, 1…262 143: it fills the lowest 18 bits of an ``SPI``.
public struct NodeNumber: Hashable, Comparable, Sendable, Codable {
    /// The greatest number that 18 bits hold.
    public static let maximum: UInt32 = 262_143

    public let rawValue: UInt32

    /// Fails outside 1…262 143.
    public init?(_ rawValue: UInt32) {
        guard (1...Self.maximum).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    public static func < (left: NodeNumber, right: NodeNumber) -> Bool { left.rawValue < right.rawValue }
}

extension NodeNumber: CustomStringConvertible {
    public var description: String { "\(rawValue)" }
}

extension NodeNumber: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt32) {
        precondition((1...Self.maximum).contains(value), "a node number lies in 1…262143")
        rawValue = value
    }
}
