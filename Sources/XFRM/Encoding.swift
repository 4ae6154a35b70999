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
        case .addAssociation(let association):
            Size.header + Size.associationInfo + Size.attribute(Size.aead + Algorithm.keyByteCount)
                + (association.replayWindow == 0 ? 0 : Size.attribute(association.replayStateByteCount))
        case .deleteAssociation: Size.header + Size.associationID + Size.attribute(Size.address)
        case .addPolicy(let policy), .updatePolicy(let policy):
            Size.header + Size.policyInfo + (policy.action.isProtect ? Size.attribute(Size.template) : 0)
        case .deletePolicy: Size.header + Size.policyID
        }
    }

    /// Appends the whole message, which asks to be acknowledged.
    ///
    /// - Parameters:
    ///   - key: ``Algorithm/keyByteCount`` bytes where an SA is added, else not looked at.
    ///   - sequence: what the acknowledgement will carry.
    ///   - port: what the kernel's event of the change will carry (nlmsg_pid): the port of the asking socket, for those
    ///     who would tell their own changes from others'.
    public func encode(
        key: Span<UInt8>, sequence: UInt32, port: UInt32 = 0, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        try check(key: key)
        let count = messageByteCount
        guard output.freeCapacity >= count else { throw .room(needed: count, free: output.freeCapacity) }
        let creates: UInt16 = MessageFlags.create | MessageFlags.exclusive
        switch self {
        case .addAssociation(let association):
            output.append(header: messageKind, length: count, flags: creates, sequence: sequence, port: port)
            output.append(association)
            output.append(algorithmWith: key)
            if association.replayWindow > 0 { output.append(replayStateOf: association) }
        case .deleteAssociation(let id):
            output.append(header: messageKind, length: count, flags: 0, sequence: sequence, port: port)
            output.append(id)
        case .addPolicy(let policy), .updatePolicy(let policy):
            output.append(header: messageKind, length: count, flags: creates, sequence: sequence, port: port)
            output.append(policy)
            if case .protect(let template) = policy.action { output.append(template, policy.id.selector) }
        case .deletePolicy(let id):
            output.append(header: messageKind, length: count, flags: 0, sequence: sequence, port: port)
            output.append(id)
        }
    }

    private func check(key: Span<UInt8>) throws(EncodingError) {
        switch self {
        case .addAssociation(let association):
            guard key.count == Algorithm.keyByteCount else { throw .keyByteCount(key.count) }
            guard association.shape == .transport else { throw .readOnly }
            guard association.replayWindow <= FieldValue.replayWindowMaximum else {
                throw .replayWindow(association.replayWindow)
            }
            try association.selector.check()
            guard association.id.isOneFamily, association.id.source.family == association.selector.source.address.family
            else { throw .mixedFamilies }
        case .deleteAssociation(let id):
            guard id.isOneFamily else { throw .mixedFamilies }
        case .addPolicy(let policy), .updatePolicy(let policy):
            guard policy.action != .other else { throw .readOnly }
            try policy.id.selector.check()
        case .deletePolicy(let id): try id.selector.check()
        }
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
        guard output.freeCapacity >= Size.header else {
            throw .room(needed: Size.header, free: output.freeCapacity)
        }
        output.append(dumpHeader: messageKind, sequence: sequence)
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
        case .association: Size.header + Size.associationID + Size.attribute(Size.address)
        case .policy: Size.header + Size.policyID
        }
    }

    /// Appends the whole message, which asks to be acknowledged.
    public func encode(sequence: UInt32, into output: inout OutputSpan<UInt8>) throws(EncodingError) {
        let count = messageByteCount
        guard output.freeCapacity >= count else { throw .room(needed: count, free: output.freeCapacity) }
        switch self {
        case .association(let id):
            guard id.isOneFamily else { throw .mixedFamilies }
            output.append(header: messageKind, length: count, flags: 0, sequence: sequence, port: 0)
            output.append(id)
        case .policy(let id):
            try id.selector.check()
            output.append(header: messageKind, length: count, flags: 0, sequence: sequence, port: 0)
            output.append(id)
        }
    }
}

extension AssociationID {
    var isOneFamily: Bool { source.family == destination.family }
}

extension Association {
    var replayStateByteCount: Int { Size.replayESN + 4 * bitmapWords }
    /// bmp_len: 32 packets a word.
    var bitmapWords: Int { (Int(replayWindow) + 31) / 32 }
}

extension Policy.Action {
    var isProtect: Bool { if case .protect = self { true } else { false } }
}

extension Selector {
    func check() throws(EncodingError) {
        let family = source.address.family
        guard destination.address.family == family else { throw .mixedFamilies }
        for prefix in [source, destination] where prefix.length > family.hostPrefixLength {
            throw .prefixLength(prefix.length)
        }
    }
}
