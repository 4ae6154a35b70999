/// The header of one netlink message inside a received buffer.
///
///     struct nlmsghdr {
///         __u32 nlmsg_len;   /* Length of message including header */
///         __u16 nlmsg_type;  /* Message content */
///         __u16 nlmsg_flags; /* Additional flags */
///         __u32 nlmsg_seq;   /* Sequence number */
///         __u32 nlmsg_pid;   /* Sending process port ID */
///     };
public struct NetlinkHeader: Hashable, Sendable {
    public var kind: UInt16
    public var flags: UInt16
    public var sequence: UInt32
    /// Where the payload lies in the buffer.
    public var payload: Range<Int>
    /// Where the next message begins.
    public var end: Int

    /// Reads the header at an offset; `nil` where no whole message begins there, also when its length lies.
    public init?(_ bytes: Span<UInt8>, at offset: Int) {
        guard offset >= 0, bytes.count - offset >= Size.header else { return nil }
        let length = Int(bytes.native(at: offset, as: UInt32.self))
        guard length >= Size.header, length <= bytes.count - offset else { return nil }
        kind = bytes.native(at: offset + 4)
        flags = bytes.native(at: offset + 6)
        sequence = bytes.native(at: offset + 8)
        payload = offset + Size.header..<offset + length
        end = min(offset + Size.aligned(length), bytes.count)
    }
}

/// Walks the attributes of one payload: (kind, where its content lies).
struct AttributeCursor {
    private var offset: Int

    init(at offset: Int) { self.offset = offset }

    /// The next attribute; `nil` at the end and where a length lies.
    mutating func next(in bytes: Span<UInt8>) -> (kind: UInt16, content: Range<Int>)? {
        guard bytes.count - offset >= Size.attributeHeader else { return nil }
        let length = Int(bytes.native(at: offset, as: UInt16.self))
        guard length >= Size.attributeHeader, length <= bytes.count - offset else { return nil }
        let kind: UInt16 = bytes.native(at: offset + 2)
        let content = offset + Size.attributeHeader..<offset + length
        offset += Size.aligned(length)
        return (kind & AttributeKind.mask, content)
    }
}

/// What the kernel answered to one request (NLMSG_ERROR; code 0 is an acknowledgement).
///
///     struct nlmsgerr {
///         int             error;   /* negative errno, or 0 */
///         struct nlmsghdr msg;
///         /* followed by the message contents, unless NLM_F_CAPPED; then by attributes if NLM_F_ACK_TLVS */
///     };
public struct Acknowledgement: Hashable, Sendable {
    /// Longer words than any of the kernel's; a longer text is cut.
    public static let wordsMaximum = 512

    /// A positive errno, 0 where the request was carried out.
    public var code: Int32
    /// The kernel's own words (NLMSGERR_ATTR_MSG).
    public var words: String?
    /// Which byte of the request the kernel objects to (NLMSGERR_ATTR_OFFS).
    public var offset: UInt32?

    public init(code: Int32, words: String? = nil, offset: UInt32? = nil) {
        self.code = code
        self.words = words
        self.offset = offset
    }

    /// Reads the payload of an NLMSG_ERROR message; `nil` where it is too short.
    public init?(decoding payload: Span<UInt8>, flags: UInt16) {
        guard payload.count >= 4 + Size.header else { return nil }
        let error: Int32 = payload.native(at: 0)
        code = error == .min ? .max : abs(error)
        guard flags & MessageFlags.hasAttributes != 0 else { return }
        let quoted = Int(payload.native(at: 4, as: UInt32.self))
        let isCapped = flags & MessageFlags.capped != 0
        guard isCapped || quoted >= Size.header && quoted <= payload.count - 4 else { return }
        var cursor = AttributeCursor(at: 4 + (isCapped ? Size.header : Size.aligned(quoted)))
        while let attribute = cursor.next(in: payload) {
            if attribute.kind == AttributeKind.errorMessage {
                words = payload.text(in: attribute.content.prefix(Self.wordsMaximum))
            } else if attribute.kind == AttributeKind.errorOffset, attribute.content.count == 4 {
                offset = payload.native(at: attribute.content.lowerBound)
            }
        }
    }
}
