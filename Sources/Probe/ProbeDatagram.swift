internal import Fleet
internal import Ports

/// One request or echo as it stands in a UDP payload: a head of 24 bytes, then zeros up to the length.
///
/// | bytes | what |
/// |---|---|
/// | 0–7 | `testudo` and the version of this layout, 1 |
/// | 8 | kind: 1 request, 2 echo |
/// | 9 | size: 1 small, 2 full, 3 oversized |
/// | 10–11 | zero |
/// | 12–15 | sequence, the asker's own, in network order |
/// | 16–23 | the session's nonce, in network order |
struct ProbeDatagram: Hashable, Sendable {
    enum Kind: UInt8, Hashable, Sendable {
        case request = 1
        case echo = 2
    }

    static let headByteCount = 24
    private static let magic = Array("testudo".utf8) + [1]

    var kind: Kind
    var size: ProbeSize
    var sequence: UInt32
    var nonce: UInt64
    /// Of the whole payload; an echo has its request's.
    var byteCount: Int

    /// What answers a request; `nil` for an echo, which is never answered, or two nodes would echo for ever.
    var answer: ProbeDatagram? {
        guard kind == .request else { return nil }
        var answer = self
        answer.kind = .echo
        return answer
    }

    /// The payload. Nothing of a received one goes into it but the fields above.
    func encoded() -> [UInt8] {
        precondition(byteCount >= Self.headByteCount, "a datagram holds its head")
        var bytes = [UInt8](repeating: 0, count: byteCount)
        for index in 0..<8 { bytes[index] = Self.magic[index] }
        bytes[8] = kind.rawValue
        bytes[9] = size.rawValue
        for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: sequence >> (24 - 8 * index)) }
        for index in 0..<8 { bytes[16 + index] = UInt8(truncatingIfNeeded: nonce >> (56 - 8 * index)) }
        return bytes
    }
}

extension ProbeDatagram {
    /// Reads a payload; fails on whatever ``encoded()`` would not have begun with.
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count >= Self.headByteCount, Self.magic.indices.allSatisfy({ bytes[$0] == Self.magic[$0] }),
            let kind = Kind(rawValue: bytes[8]), let size = ProbeSize(rawValue: bytes[9]), bytes[10] == 0,
            bytes[11] == 0
        else { return nil }
        var sequence: UInt32 = 0
        for index in 12..<16 { sequence = sequence << 8 | UInt32(bytes[index]) }
        var nonce: UInt64 = 0
        for index in 16..<24 { nonce = nonce << 8 | UInt64(bytes[index]) }
        self.init(kind: kind, size: size, sequence: sequence, nonce: nonce, byteCount: bytes.count)
    }
}

extension ProbeSession {
    /// Whether a datagram belongs to this session: its nonce, its port, and for a request one of its peers.
    ///
    /// An echo's sender is compared with the one that was asked, by the round that asked.
    func admits(_ datagram: ProbeDatagram, from sender: Endpoint) -> Bool {
        guard datagram.nonce == nonce, sender.port == port else { return false }
        return switch datagram.kind {
        case .request: peers.contains(sender.address)
        case .echo: true
        }
    }
}
