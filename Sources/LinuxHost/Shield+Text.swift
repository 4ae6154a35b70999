internal import Fleet
public import Ports

extension Shield {
    /// The most pairs that are persisted: two families of 8 192 peers, four times the nodes that a full mesh is meant
    /// for. A line has 85 bytes at most, so that all pairs, all slots of peers and all own slots stay below
    /// ``HostFile/sizeMaximum``.
    public static let pairsMaximum = 16_384
    /// As many as a roster brings on the bus.
    public static let bypassMaximum = 64

    /// One line an own address, a rule of the bypass, a pair; the same text for the same content.
    func text() throws(HostError) -> String {
        guard pairs.count <= Self.pairsMaximum else { throw HostError("more than \(Self.pairsMaximum) shielded pairs") }
        guard bypass.count <= Self.bypassMaximum else { throw HostError("more than \(Self.bypassMaximum) bypasses") }
        guard own.count <= Node.addressesMaximum else {
            throw HostError("more than \(Node.addressesMaximum) own addresses")
        }
        guard pairs.allSatisfy({ $0.own.family == $0.peer.family }) else {
            throw HostError("a shielded pair of two families")
        }
        let lines =
            own.map { "own \($0)\n" } + bypass.map { "bypass \($0.words)\n" }
            + pairs.sorted().map { "pair \($0.own) \($0.peer)\n" }
        return lines.joined()
    }

    /// Reads what ``text()`` wrote; anything else is refused with its line.
    init(_ part: RecordLines) throws(HostError) {
        self.init()
        var part = part
        while let line = part.take() {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            switch words[0] {
            case "own":
                guard words.count == 2, let address = Address(plain: words[1]) else {
                    throw part.error("expected `own ADDRESS`")
                }
                own.append(address)
            case "bypass":
                guard let rule = Bypass(words: words.dropFirst()) else {
                    throw part.error("expected `bypass bus ADDRESS PORT`, `bypass ssh` or `bypass neighbour-discovery`")
                }
                bypass.append(rule)
            case "pair":
                guard words.count == 3, let own = Address(plain: words[1]), let peer = Address(plain: words[2]),
                    own.family == peer.family
                else { throw part.error("expected `pair ADDRESS ADDRESS`, of one family") }
                guard pairs.insert(Pair(own: own, peer: peer)).inserted else {
                    throw part.error("the pair is there twice")
                }
            default: throw part.error("expected `own`, `bypass` or `pair`")
            }
            guard own.count <= Node.addressesMaximum, bypass.count <= Self.bypassMaximum,
                pairs.count <= Self.pairsMaximum
            else { throw part.error("more of its kind than a node can have") }
        }
    }
}

extension Bypass {
    fileprivate var words: String {
        switch self {
        case .bus(let address, let port): "bus \(address) \(port)"
        case .ssh: "ssh"
        case .neighbourDiscovery: "neighbour-discovery"
        }
    }

    fileprivate init?(words: ArraySlice<Substring>) {
        let words = Array(words)
        switch (words.first, words.count) {
        case ("bus", 3):
            guard let address = Address(plain: words[1]), let port = UInt16(plain: words[2]) else { return nil }
            self = .bus(address, port: port)
        case ("ssh", 1): self = .ssh
        case ("neighbour-discovery", 1): self = .neighbourDiscovery
        default: return nil
        }
    }
}

extension Address {
    /// An address as it prints, for others name it as well.
    fileprivate init?(plain text: Substring) {
        self.init(String(text))
        guard description == text else { return nil }
    }
}
