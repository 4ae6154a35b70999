// Numbers of the netlink and XFRM interface.
// Sources: linux/netlink.h, linux/xfrm.h, linux/socket.h, RFC 4303, RFC 4106.

/// The kind of a netlink message to or from XFRM (nlmsg_type): XFRM_MSG_* of linux/xfrm.h.
public enum MessageKind: UInt16, Hashable, Sendable, CaseIterable {
    case newAssociation = 0x10
    case deleteAssociation = 0x11
    case getAssociation = 0x12
    case newPolicy = 0x13
    case deletePolicy = 0x14
    case getPolicy = 0x15
    case updatePolicy = 0x19

    /// The kernel's own name, such as `XFRM_MSG_NEWSA`: what errors and logs call the operation.
    public var kernelName: String {
        switch self {
        case .newAssociation: "XFRM_MSG_NEWSA"
        case .deleteAssociation: "XFRM_MSG_DELSA"
        case .getAssociation: "XFRM_MSG_GETSA"
        case .newPolicy: "XFRM_MSG_NEWPOLICY"
        case .deletePolicy: "XFRM_MSG_DELPOLICY"
        case .getPolicy: "XFRM_MSG_GETPOLICY"
        case .updatePolicy: "XFRM_MSG_UPDPOLICY"
        }
    }
}

/// Message kinds of netlink itself (linux/netlink.h, NLMSG_*).
public enum ControlKind {
    public static let error: UInt16 = 2
    public static let done: UInt16 = 3
    public static let overrun: UInt16 = 4
}

/// Flags of a message (linux/netlink.h, NLM_F_*).
public enum MessageFlags {
    static let request: UInt16 = 0x01
    static let acknowledge: UInt16 = 0x04
    static let exclusive: UInt16 = 0x200
    static let create: UInt16 = 0x400
    /// NLM_F_ROOT | NLM_F_MATCH: all objects.
    static let dump: UInt16 = 0x300
    /// On an answer: the dump was inconsistent (NLM_F_DUMP_INTR). XFRM never raises it, other families do.
    public static let dumpInterrupted: UInt16 = 0x10
    /// On an error: the request is not quoted back (NLM_F_CAPPED).
    static let capped: UInt16 = 0x100
    /// On an error: attributes follow (NLM_F_ACK_TLVS).
    static let hasAttributes: UInt16 = 0x200
}

/// Attributes (linux/xfrm.h, enum xfrm_attr_type_t; linux/netlink.h, enum nlmsgerr_attrs).
enum AttributeKind {
    /// XFRMA_ALG_AUTH
    static let authentication: UInt16 = 1
    /// XFRMA_ALG_CRYPT
    static let encryption: UInt16 = 2
    /// XFRMA_ENCAP
    static let encapsulation: UInt16 = 4
    /// XFRMA_TMPL
    static let templates: UInt16 = 5
    /// XFRMA_SEC_CTX
    static let securityContext: UInt16 = 8
    /// XFRMA_SRCADDR
    static let sourceAddress: UInt16 = 13
    /// XFRMA_POLICY_TYPE
    static let policyType: UInt16 = 16
    /// XFRMA_ALG_AEAD
    static let aead: UInt16 = 18
    /// XFRMA_ALG_AUTH_TRUNC
    static let truncatedAuthentication: UInt16 = 20
    /// XFRMA_MARK
    static let mark: UInt16 = 21
    /// XFRMA_REPLAY_ESN_VAL
    static let replayESN: UInt16 = 23
    /// XFRMA_IF_ID
    static let interfaceID: UInt16 = 31
    /// NLMSGERR_ATTR_MSG
    static let errorMessage: UInt16 = 1
    /// NLMSGERR_ATTR_OFFS
    static let errorOffset: UInt16 = 2
    /// NLA_TYPE_MASK: the two highest bits are flags.
    static let mask: UInt16 = 0x3fff
}

/// Values of the fields (linux/xfrm.h unless said otherwise).
enum FieldValue {
    /// AF_INET, AF_INET6 (linux/socket.h)
    static let familyIPv4: UInt16 = 2
    static let familyIPv6: UInt16 = 10
    /// XFRM_MODE_TRANSPORT
    static let modeTransport: UInt8 = 0
    /// XFRM_STATE_ESN
    static let flagESN: UInt8 = 128
    /// XFRM_POLICY_ALLOW, XFRM_POLICY_BLOCK
    static let actionAllow: UInt8 = 0
    static let actionBlock: UInt8 = 1
    /// XFRM_POLICY_TYPE_MAIN
    static let policyTypeMain: UInt8 = 0
    /// XFRM_INF: no limit of bytes or packets.
    static let unlimited: UInt64 = .max
    /// XFRMA_REPLAY_ESN_MAX: the greatest window, in packets.
    static let replayWindowMaximum: UInt32 = 4_096
}

/// IP protocol numbers (IANA; RFC 4303 for ESP).
enum ProtocolNumber {
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let esp: UInt8 = 50
    static let icmpv6: UInt8 = 58
}

/// The one algorithm of ours: AES-GCM with a 256-bit key and a 128-bit ICV, in RFC 4106's construction.
public enum Algorithm {
    /// The kernel's crypto template.
    static let name = "rfc4106(gcm(aes))"
    /// 32 bytes of AES key and 4 of salt (RFC 4106 §4, §8.1).
    public static let keyByteCount = 36
    static let integrityCheckBits: UInt32 = 128
}

/// Sizes in bytes of the kernel's structs on a 64-bit machine. They may never change (linux/xfrm.h, first comment).
enum Size {
    static let header = 16
    static let attributeHeader = 4
    static let address = 16
    static let selector = 56
    static let associationInfo = 224
    static let associationID = 24
    static let policyInfo = 168
    static let policyID = 64
    static let template = 64
    static let aead = 72
    static let replayESN = 24

    /// Messages and attributes begin at multiples of 4 (NLMSG_ALIGNTO, NLA_ALIGNTO).
    static func aligned(_ count: Int) -> Int { (count + 3) & ~3 }
    static func attribute(_ payload: Int) -> Int { attributeHeader + aligned(payload) }
}
