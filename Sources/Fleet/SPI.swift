/// A security parameter index: receiver's slot (12 bits) ‖ index of the sender's address (2) ‖ sender's node number (18).
///
/// The receiver of the SA chooses it, so two senders can never collide at a receiver, and a reader of `ip xfrm state`
/// sees who sends. Values below 256 are reserved (RFC 4303 §2.1); slot 0 does not exist, so none of ours is.
public struct SPI: Hashable, Comparable, Sendable {
    public let rawValue: UInt32

    /// The SPI of no SA: below 256 all are reserved (RFC 4303 §2.1). A policy pinned to it demands ESP and sends nothing.
    public static let nothing = SPI(rawValue: 1)

    /// Any 32-bit value, as read from a kernel.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(slot: Slot, addressIndex: UInt8, sender: NodeNumber) {
        precondition(addressIndex < 4, "a node has at most four addresses")
        rawValue = UInt32(slot.rawValue) << 20 | UInt32(addressIndex) << 18 | sender.rawValue
    }

    /// The receiver's slot, `nil` where the value is not of this layout.
    public var slot: Slot? { Slot(UInt16(rawValue >> 20)) }
    /// Which of the sender's addresses the SA is for.
    public var addressIndex: UInt8 { UInt8(rawValue >> 18 & 3) }
    /// Who sends, `nil` where the value is not of this layout.
    public var sender: NodeNumber? { NodeNumber(rawValue & NodeNumber.maximum) }

    public static func < (left: SPI, right: SPI) -> Bool { left.rawValue < right.rawValue }
}

extension SPI: CustomStringConvertible {
    /// As `ip xfrm` prints it: `0x` and eight hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

/// The receiver's part of an SPI, 1…4 095: it belongs to one offer of one node.
public struct Slot: Hashable, Comparable, Sendable, Codable {
    public static let maximum: UInt16 = 4_095
    public let rawValue: UInt16

    /// Fails outside 1…4 095.
    public init?(_ rawValue: UInt16) {
        guard (1...Self.maximum).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    public static func < (left: Slot, right: Slot) -> Bool { left.rawValue < right.rawValue }
}
