/// How far an edge has climbed.
///
/// An edge is an ordered pair (node, peer). `clear` < `accept` < `send` < `enforce` is the ladder; `closed` stands
/// beside it: nothing is sent and nothing is accepted.
public enum Rung: UInt8, Hashable, Sendable, CaseIterable, Codable {
    /// Nothing is installed for the peer.
    case clear = 0
    /// SAs both ways are installed: ESP and clear are accepted, clear is sent.
    case accept = 1
    /// An out policy requires ESP toward the peer: ESP is sent, ESP and clear are accepted.
    case send = 2
    /// In and forward policies require ESP from the peer as well: clear is dropped.
    case enforce = 3
    /// Policies that demand ESP and send with no SA: nothing is sent, nothing is accepted in clear.
    case closed = 4

    /// The rungs of the ladder, lowest first; `closed` is not climbed to.
    public static let ladder: [Rung] = [.clear, .accept, .send, .enforce]

    /// The rung above, `nil` at the top and for `closed`.
    public var above: Rung? {
        switch self {
        case .clear: .accept
        case .accept: .send
        case .send: .enforce
        case .enforce, .closed: nil
        }
    }

    /// The rung below, `nil` at the bottom and for `closed`.
    public var below: Rung? {
        switch self {
        case .enforce: .send
        case .send: .accept
        case .accept: .clear
        case .clear, .closed: nil
        }
    }

    /// Whether the node sends ESP to the peer.
    public var sendsESP: Bool { self == .send || self == .enforce }

    /// Whether the node sends the peer clear traffic.
    public var sendsClear: Bool { self == .clear || self == .accept }

    /// Whether the node takes clear traffic from the peer.
    public var takesClear: Bool { self <= .send }

    /// Whether the node takes no clear traffic from the peer and sends it none.
    public var isProtected: Bool { self == .enforce || self == .closed }
}

extension Rung: Comparable {
    public static func < (left: Rung, right: Rung) -> Bool { left.rawValue < right.rawValue }
}

extension Rung: CustomStringConvertible {
    public var description: String {
        switch self {
        case .clear: "clear"
        case .accept: "accept"
        case .send: "send"
        case .enforce: "enforce"
        case .closed: "closed"
        }
    }
}
