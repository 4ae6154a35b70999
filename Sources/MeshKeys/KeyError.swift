public import Fleet

/// Why key material was refused. Carries names and lengths, never a key.
public enum KeyError: Error, Hashable, Sendable {
    /// Something of a fixed length has another one.
    case wrongLength(of: String, expected: Int, found: Int)
    /// A Diffie-Hellman with the peer's keys gives all zeros: one of its public keys is of low order (RFC 7748 §6.1).
    case allZero(peer: NodeNumber)
    /// The offer made keys with this peer before: a second use would install one key twice.
    case used(peer: NodeNumber)
    /// No private half is held for the set: it was retired, abandoned, or made by an earlier process.
    case gone(set: Generation)
    /// The set has no offer of this node.
    case noOffer(NodeNumber)
    /// The set names another offer as ours than the one that was made for it.
    case otherOffer(set: Generation)
    /// The roster gives this node another identity key than it has.
    case otherIdentity
    /// The two nodes have no address family in common.
    case noCommonFamily(peer: NodeNumber)
    /// A node is not its own peer.
    case ownPeer
}

extension KeyError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wrongLength(let what, let expected, let found): "the \(what) is \(found) long, not \(expected)"
        case .allZero(let peer): "node \(peer) offers a public key of low order"
        case .used(let peer): "the offer was used with node \(peer) before"
        case .gone(let set): "the private half of offer set \(set) is gone"
        case .noOffer(let node): "the offer set has no offer of node \(node)"
        case .otherOffer(let set): "offer set \(set) names an offer as ours that was not made here"
        case .otherIdentity: "the roster gives this node another identity key than it has"
        case .noCommonFamily(let peer): "node \(peer) shares no address family with this one"
        case .ownPeer: "a node is not its own peer"
        }
    }
}
