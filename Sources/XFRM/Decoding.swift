internal import Fleet

// Objects of a dump, ours and foreign. Every length is checked before a byte is read: what lies is `nil`, no crash.

extension ObservedAssociation {
    /// Reads the payload of one XFRM_MSG_NEWSA answer; `nil` for another protocol than ESP and for malformed bytes.
    ///
    /// The answer holds the key: the caller wipes its buffer. Keys are not read out of it.
    public init?(decoding payload: Span<UInt8>) {
        guard payload.count >= Size.associationInfo,
            let family = Address.Family(kernelNumber: payload.native(at: 212)),
            payload[76] == ProtocolNumber.esp
        else { return nil }
        let (destination, source) = (payload.address(at: 56, family), payload.address(at: 80, family))
        let spi = SPI(rawValue: payload.network(at: 72))
        let details = AssociationDetails(payload)
        let mode = payload[214]
        let flags = payload[216]
        let selector = Selector(decoding: payload, family: family)
        // Ours has a selector of its own family with nothing but addresses, one algorithm, and no mark.
        let isPlain =
            selector != nil && mode == FieldValue.modeTransport && details.isPlain && spi.rawValue != 0
            && flags & ~FieldValue.flagESN == 0
        var association = Association(
            id: AssociationID(source: source, destination: destination, spi: spi),
            reqid: payload.native(at: 208), replayWindow: details.replayWindow ?? UInt32(payload[215]))
        association.shape = details.hasAlgorithm ? (isPlain ? .transport : .other) : .larval
        association.selector = selector ?? Selector(source: .any(family), destination: .any(family))
        self.init(association: association, bytes: payload.native(at: 160), packets: payload.native(at: 168))
    }
}

/// What the attributes of an SA say.
private struct AssociationDetails {
    var replayWindow: UInt32?
    var hasAlgorithm = false
    var isOurAlgorithm = false
    var hasForeignAttribute = false

    /// AES-GCM as ours, without encapsulation, mark, interface.
    var isPlain: Bool { isOurAlgorithm && !hasForeignAttribute }

    init(_ payload: Span<UInt8>) {
        var cursor = AttributeCursor(at: Size.associationInfo)
        while let (kind, content) = cursor.next(in: payload) {
            switch kind {
            case AttributeKind.aead where content.count >= Size.aead:
                hasAlgorithm = true
                let start = content.lowerBound
                isOurAlgorithm =
                    payload.text(in: start..<start + 64) == Algorithm.name
                    && payload.native(at: start + 64, as: UInt32.self) == UInt32(Algorithm.keyByteCount * 8)
                    && payload.native(at: start + 68, as: UInt32.self) == Algorithm.integrityCheckBits
            case AttributeKind.replayESN where content.count >= Size.replayESN:
                replayWindow = payload.native(at: content.lowerBound + 20)
            case AttributeKind.aead, AttributeKind.encryption, AttributeKind.authentication,
                AttributeKind.truncatedAuthentication:
                hasAlgorithm = true
            case AttributeKind.encapsulation, AttributeKind.mark, AttributeKind.interfaceID,
                AttributeKind.securityContext:
                hasForeignAttribute = true
            default: continue // Counters, last use, direction: nothing that changes what the SA is.
            }
        }
    }
}

extension Policy {
    /// Reads the payload of one XFRM_MSG_NEWPOLICY answer; `nil` for a socket's own policy and for malformed bytes.
    ///
    /// What ours never has (several templates, tunnel mode, marks, an interface) reads as ``Action/other``.
    public init?(decoding payload: Span<UInt8>) {
        guard payload.count >= Size.policyInfo,
            let family = Address.Family(kernelNumber: payload.native(at: 40)),
            let direction = Direction(rawValue: payload[160])
        else { return nil }
        let plain = Selector(decoding: payload, family: family)
        guard let selector = plain ?? Selector(addressesOf: payload, family: family) else { return nil }
        var details = PolicyDetails(payload, family: family)
        // An interface or a user in the selector, or a flag: ours has none.
        if plain == nil || payload[162] != 0 { details.isForeign = true }
        let action: Action
        switch (payload[161], details.isForeign, details.templateCount) {
        case (FieldValue.actionBlock, false, 0): action = .block
        case (FieldValue.actionAllow, false, 0): action = .bypass
        case (FieldValue.actionAllow, false, 1): action = details.template.map { .protect($0) } ?? .other
        default: action = .other
        }
        self.init(
            id: PolicyID(direction: direction, selector: selector), priority: payload.native(at: 152), action: action)
    }
}

/// What the attributes of a policy say.
private struct PolicyDetails {
    var templateCount = 0
    /// The only template, where it is one that ours could have.
    var template: Template?
    var isForeign = false

    init(_ payload: Span<UInt8>, family: Address.Family) {
        var cursor = AttributeCursor(at: Size.policyInfo)
        while let (kind, content) = cursor.next(in: payload) {
            switch kind {
            case AttributeKind.templates:
                // A part of a template is no template, but no reason to call the policy a bypass either.
                templateCount += (content.count + Size.template - 1) / Size.template
                if content.count == Size.template {
                    template = Template(decoding: payload, at: content.lowerBound, family: family)
                }
            case AttributeKind.policyType where content.count >= 1:
                if payload[content.lowerBound] != FieldValue.policyTypeMain { isForeign = true }
            case AttributeKind.mark, AttributeKind.interfaceID, AttributeKind.securityContext: isForeign = true
            default: continue // Last use, direction: nothing that changes what the policy is.
            }
        }
    }
}

extension Template {
    /// A transport-mode ESP template of the policy's family without addresses, `nil` for any other.
    fileprivate init?(decoding payload: Span<UInt8>, at start: Int, family: Address.Family) {
        let isOfOurShape =
            payload[start + 20] == ProtocolNumber.esp && payload[start + 48] == FieldValue.modeTransport
            && payload.native(at: start + 24, as: UInt16.self) == family.kernelNumber
        let hasNoAddresses = (0..<Size.address).allSatisfy { payload[start + $0] == 0 && payload[start + 28 + $0] == 0 }
        guard isOfOurShape, hasNoAddresses else { return nil }
        let spi: UInt32 = payload.network(at: start + 16)
        self.init(
            reqid: payload.native(at: start + 44), spi: spi == 0 ? nil : SPI(rawValue: spi),
            isOptional: payload[start + 50] != 0)
    }
}

extension Selector {
    /// Reads struct xfrm_selector at the payload's beginning; `nil` where it is of another family, names an interface
    /// or a user, or has a prefix that cannot be.
    fileprivate init?(decoding payload: Span<UInt8>, family: Address.Family) {
        guard payload.native(at: 40, as: UInt16.self) == family.kernelNumber,
            payload.native(at: 48, as: UInt32.self) == 0, payload.native(at: 52, as: UInt32.self) == 0
        else { return nil }
        self.init(addressesOf: payload, family: family)
    }

    /// The same without regard to interface and user: enough to say which traffic a foreign policy is for.
    fileprivate init?(addressesOf payload: Span<UInt8>, family: Address.Family) {
        guard payload[42] <= family.hostPrefixLength, payload[43] <= family.hostPrefixLength else { return nil }
        self.init(
            source: Prefix(payload.address(at: 16, family), length: payload[43]),
            destination: Prefix(payload.address(at: 0, family), length: payload[42]),
            protocolNumber: payload[44],
            sourcePort: PortMatch(value: payload.network(at: 36), mask: payload.network(at: 38)),
            destinationPort: PortMatch(value: payload.network(at: 32), mask: payload.network(at: 34)))
    }
}
