internal import Fleet

// Text as `ip xfrm` has it, for transcripts, tests and logs. No key is in any of these types, so none can be printed.

extension Prefix: CustomStringConvertible {
    public var description: String { "\(address)/\(length)" }
}

extension PortMatch: CustomStringConvertible {
    /// The port, or value/mask in hexadecimal where the mask is not whole.
    public var description: String {
        mask == 0xffff ? "\(value)" : "0x\(String(value, radix: 16))/0x\(String(mask, radix: 16))"
    }
}

extension Direction: CustomStringConvertible {
    /// `in`, `out`, `fwd`, as `ip xfrm` says.
    public var description: String {
        switch self {
        case .in: "in"
        case .out: "out"
        case .forward: "fwd"
        }
    }
}

extension Selector: CustomStringConvertible {
    public var description: String {
        var text = "src \(source) dst \(destination)"
        guard protocolNumber != 0 || sourcePort != .any || destinationPort != .any else { return text }
        switch protocolNumber {
        case ProtocolNumber.tcp: text += " proto tcp"
        case ProtocolNumber.udp: text += " proto udp"
        case ProtocolNumber.icmpv6: text += " proto ipv6-icmp"
        default: text += " proto \(protocolNumber)"
        }
        if protocolNumber == ProtocolNumber.icmpv6 {
            if sourcePort != .any { text += " type \(sourcePort)" }
            if destinationPort != .any { text += " code \(destinationPort)" }
        } else {
            if sourcePort != .any { text += " sport \(sourcePort)" }
            if destinationPort != .any { text += " dport \(destinationPort)" }
        }
        return text
    }
}

extension AssociationID: CustomStringConvertible {
    public var description: String { "src \(source) dst \(destination) proto esp spi \(spi)" }
}

extension Association: CustomStringConvertible {
    public var description: String {
        let base = "\(id) reqid \(reqid)"
        guard shape == .transport else { return base + " other" }
        let replay = replayWindow > 0 ? " replay-window \(replayWindow) flag esn" : " replay-window 0"
        return base + " mode transport" + replay + " sel \(selector)"
    }
}

extension PolicyID: CustomStringConvertible {
    /// Such as `out policy 10.77.0.1/32 → 10.77.0.2/32`, with protocol and ports where it has some.
    public var description: String {
        let rest = selector.description.dropFirst("src \(selector.source) dst \(selector.destination)".count)
        return "\(direction) policy \(selector.source) → \(selector.destination)\(rest)"
    }
}

extension Template: CustomStringConvertible {
    public var description: String {
        "tmpl proto esp" + (spi.map { " spi \($0)" } ?? "") + " reqid \(reqid) mode transport"
            + (isOptional ? " level use" : "")
    }
}

extension Policy: CustomStringConvertible {
    public var description: String {
        let base = "\(id.selector) dir \(id.direction) priority \(priority)"
        return switch action {
        case .bypass: base
        case .protect(let template): "\(base) \(template)"
        case .block: base + " action block"
        case .other: base + " other"
        }
    }
}

extension Change: CustomStringConvertible {
    /// The `ip xfrm` command that would do the same, without any key.
    public var description: String {
        switch self {
        case .addAssociation(let association): "state add \(association)"
        case .deleteAssociation(let id): "state delete \(id)"
        case .addPolicy(let policy): "policy add \(policy)"
        case .updatePolicy(let policy): "policy update \(policy)"
        case .deletePolicy(let id): "policy delete \(id.selector) dir \(id.direction)"
        }
    }
}

extension Snapshot: CustomStringConvertible {
    /// One line an object, SAs first, in kernel order.
    public var description: String {
        (associations.map { "state \($0.association)" } + policies.map { "policy \($0)" }).joined(separator: "\n")
    }
}
