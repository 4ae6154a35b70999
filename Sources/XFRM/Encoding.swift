internal import Fleet

/// Why a change cannot be said in netlink: the caller's mistake, found before the kernel sees it.
public enum EncodingError: Error, Hashable, Sendable {
    /// An SA needs ``Algorithm/keyByteCount`` bytes of key.
    case keyByteCount(Int)
    /// Source and destination, or selector and object, are of different families.
    case mixedFamilies
    /// A prefix is longer than its family's addresses.
    case prefixLength(UInt8)
    /// The kernel has no window as large (XFRMA_REPLAY_ESN_MAX).
    case replayWindow(UInt32)
    /// Something that is only ever read: a foreign SA's shape, a foreign policy's action.
    case readOnly
    /// The buffer has less room than the message needs.
    case room(needed: Int, free: Int)
}

extension Change {
    /// The netlink message that makes this change.
    public var messageKind: MessageKind {
        switch self {
        case .addAssociation: .newAssociation
        case .deleteAssociation: .deleteAssociation
        case .addPolicy: .newPolicy
        case .updatePolicy: .updatePolicy
        case .deletePolicy: .deletePolicy
        }
    }

    /// The length of the message in bytes, header and padding included.
    public var messageByteCount: Int {
        switch self {
        case .addAssociation(let association): association.messageByteCount
        case .deleteAssociation: AssociationID.messageByteCount
        case .addPolicy(let policy), .updatePolicy(let policy): policy.messageByteCount
        case .deletePolicy: PolicyID.messageByteCount
        }
    }

    /// No message is longer: an SA's with the largest window.
    public static let messageByteCountMaximum =
        Size.header + Size.associationInfo + Size.attribute(Size.aead + Algorithm.keyByteCount)
        + Size.attribute(Size.replayESN + Int(FieldValue.replayWindowMaximum) / 8)

    /// Appends the whole message, which asks to be acknowledged.
    ///
    /// - Parameters:
    ///   - key: ``Algorithm/keyByteCount`` bytes where an SA is added, else not looked at.
    ///   - sequence: what the acknowledgement will carry.
    public func encode(
        key: Span<UInt8>, sequence: UInt32, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        let request = Request(sequence: sequence)
        switch self {
        case .addAssociation(let association): try association.encode(request, key: key, into: &output)
        case .deleteAssociation(let id): try id.encode(messageKind, request, into: &output)
        case .addPolicy(let policy), .updatePolicy(let policy): try policy.encode(messageKind, request, into: &output)
        case .deletePolicy(let id): try id.encode(messageKind, request, into: &output)
        }
    }
}

/// What the header of a message says beside its kind and length.
public struct Request: Hashable, Sendable {
    /// What the answer will carry.
    public var sequence: UInt32
    /// What the kernel's event of a change will carry (nlmsg_pid): the port of the asking socket, for those who would
    /// tell their own changes from others'.
    public var port: UInt32
    /// Whether success is to be answered too; errors are in any case.
    public var isAcknowledged: Bool

    public init(sequence: UInt32, port: UInt32 = 0, isAcknowledged: Bool = true) {
        self.sequence = sequence
        self.port = port
        self.isAcknowledged = isAcknowledged
    }
}

// The messages themselves, one object each. Whoever has an object without a ``Change`` around it need not make one:
// copying such a value takes as long as encoding it.

extension Association {
    var messageByteCount: Int {
        Size.header + Size.associationInfo + Size.attribute(Size.aead + Algorithm.keyByteCount)
            + (replayWindow == 0 ? 0 : Size.attribute(replayStateByteCount))
    }

    var replayStateByteCount: Int { Size.replayESN + 4 * bitmapWords }
    /// bmp_len: 32 packets a word.
    var bitmapWords: Int { (Int(replayWindow) + 31) / 32 }

    /// XFRM_MSG_NEWSA.
    public func encode(
        _ request: Request, key: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        guard key.count == Algorithm.keyByteCount else { throw .keyByteCount(key.count) }
        guard shape == .transport else { throw .readOnly }
        guard replayWindow <= FieldValue.replayWindowMaximum else { throw .replayWindow(replayWindow) }
        try selector.check()
        guard id.isOneFamily, id.source.family == selector.source.address.family else { throw .mixedFamilies }
        let create = MessageFlags.create | MessageFlags.exclusive
        try output.append(.newAssociation, request, create, byteCount: messageByteCount) { message, payload in
            message.store(self, at: payload)
            let algorithm = payload + Size.associationInfo
            message.store(algorithmWith: key, at: algorithm)
            if replayWindow > 0 {
                message.store(replayStateOf: self, at: algorithm + Size.attribute(Size.aead + key.count))
            }
        }
    }
}

extension AssociationID {
    static let messageByteCount = Size.header + Size.associationID + Size.attribute(Size.address)

    var isOneFamily: Bool { source.family == destination.family }

    /// XFRM_MSG_DELSA or XFRM_MSG_GETSA.
    public func encode(
        _ kind: MessageKind, _ request: Request, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        guard isOneFamily else { throw .mixedFamilies }
        try output.append(kind, request, byteCount: Self.messageByteCount) { message, payload in
            message.store(self, at: payload)
        }
    }
}

extension Policy {
    var messageByteCount: Int {
        Size.header + Size.policyInfo + (action.isProtect ? Size.attribute(Size.template) : 0)
    }

    /// XFRM_MSG_NEWPOLICY or XFRM_MSG_UPDPOLICY.
    public func encode(
        _ kind: MessageKind, _ request: Request, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        guard action != .other else { throw .readOnly }
        try id.selector.check()
        let create = MessageFlags.create | MessageFlags.exclusive
        try output.append(kind, request, create, byteCount: messageByteCount) { message, payload in
            message.store(self, at: payload)
            if case .protect(let template) = action {
                message.store(template, of: id.selector.source.address.family, at: payload + Size.policyInfo)
            }
        }
    }
}

extension PolicyID {
    static let messageByteCount = Size.header + Size.policyID

    /// XFRM_MSG_DELPOLICY or XFRM_MSG_GETPOLICY.
    public func encode(
        _ kind: MessageKind, _ request: Request, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        try selector.check()
        try output.append(kind, request, byteCount: Self.messageByteCount) { message, payload in
            message.store(self, at: payload)
        }
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends a message of zeros with its header; `write` learns where the payload begins and stores what is not 0.
    fileprivate mutating func append(
        _ kind: MessageKind, _ request: Request, _ flags: UInt16 = 0, byteCount: Int,
        _ write: (inout MutableRawSpan, _ payload: Int) -> Void = { _, _ in }
    ) throws(EncodingError) {
        guard freeCapacity >= byteCount else { throw .room(needed: byteCount, free: freeCapacity) }
        let start = count
        append(repeating: 0, count: byteCount)
        edit { message in
            message.store(header: kind, byteCount: byteCount, request, flags, at: start)
            write(&message, start + Size.header)
        }
    }

    /// Makes the message that begins there ask to be acknowledged after all.
    public mutating func acknowledge(messageAt start: Int) {
        guard let header = NetlinkHeader(span, at: start) else { return }
        edit { message in message.store(flags: header.flags | MessageFlags.acknowledge, at: start) }
    }
}

/// A request for all objects of one sort. It has no payload: the kernel complains of leftover bytes (libnl#233).
public enum DumpRequest: Hashable, Sendable, CaseIterable {
    case associations
    case policies

    public static let messageByteCount = Size.header

    public var messageKind: MessageKind { self == .associations ? .getAssociation : .getPolicy }
    /// The kind of the messages that answer it.
    public var answerKind: MessageKind { self == .associations ? .newAssociation : .newPolicy }

    public func encode(sequence: UInt32, into output: inout OutputSpan<UInt8>) throws(EncodingError) {
        let request = Request(sequence: sequence, isAcknowledged: false)
        try output.append(messageKind, request, MessageFlags.dump, byteCount: Self.messageByteCount)
    }
}

/// A request for one object by its id. An object that is not there is answered by ESRCH or ENOENT.
extension ObjectID {
    public var messageKind: MessageKind {
        switch self {
        case .association: .getAssociation
        case .policy: .getPolicy
        }
    }

    /// The length of the message in bytes, header and padding included.
    public var messageByteCount: Int {
        switch self {
        case .association: AssociationID.messageByteCount
        case .policy: PolicyID.messageByteCount
        }
    }

    /// Appends the whole message, which asks to be acknowledged.
    public func encode(sequence: UInt32, into output: inout OutputSpan<UInt8>) throws(EncodingError) {
        let request = Request(sequence: sequence)
        switch self {
        case .association(let id): try id.encode(messageKind, request, into: &output)
        case .policy(let id): try id.encode(messageKind, request, into: &output)
        }
    }
}

extension Policy.Action {
    var isProtect: Bool { if case .protect = self { true } else { false } }
}

extension Selector {
    func check() throws(EncodingError) {
        let family = source.address.family
        guard destination.address.family == family else { throw .mixedFamilies }
        guard source.length <= family.hostPrefixLength else { throw .prefixLength(source.length) }
        guard destination.length <= family.hostPrefixLength else { throw .prefixLength(destination.length) }
    }
}
