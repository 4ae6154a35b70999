public import Fleet
public import MeshKeys

/// What an agent keeps on disk: never a key.
public protocol NodeRecord: Sendable {
    /// `nil` where nothing was ever saved.
    func load() throws(JournalError) -> NodeMemory?
    /// Durable when it returns, and never half written.
    func save(_ memory: NodeMemory) throws(JournalError)
}

/// What an agent must not forget when it is restarted.
public struct NodeMemory: Hashable, Sendable {
    /// The journal that the generation belongs to, `nil` before the first order.
    public var epoch: Epoch?
    /// Nothing older may be taken.
    public var generation: Generation
    /// Which own slots belong to which offers.
    public var slots: SlotLedger
    /// Which slots of peers belong to which offers.
    public var peerSlots: PeerSlots
    /// What stands closed when the machine starts.
    public var shield: Shield
    /// ``HostFacts/machineID`` when the record was made; another one means a clone or a restored snapshot.
    public var machineID: String

    public init(
        epoch: Epoch? = nil, generation: Generation = .none, slots: SlotLedger = SlotLedger(),
        peerSlots: PeerSlots = PeerSlots(), shield: Shield = Shield(), machineID: String = ""
    ) {
        self.epoch = epoch
        self.generation = generation
        self.slots = slots
        self.peerSlots = peerSlots
        self.shield = shield
        self.machineID = machineID
    }
}

/// The edges that must not carry clear traffic after a reboot, and the bypass that stands beside them.
///
/// It is durable before an edge is protected, and forgotten after the edge is not any more: a machine that dies in
/// between starts closed.
public struct Shield: Hashable, Sendable {
    /// One address pair of a protected edge.
    public struct Pair: Hashable, Comparable, Sendable {
        public var own: Address
        public var peer: Address

        public init(own: Address, peer: Address) {
            self.own = own
            self.peer = peer
        }

        public static func < (left: Pair, right: Pair) -> Bool { (left.own, left.peer) < (right.own, right.peer) }
    }

    public var pairs: Set<Pair>
    /// This node's own addresses: the bypass is made for them.
    public var own: [Address]
    public var bypass: [Bypass]

    public init(pairs: Set<Pair> = [], own: [Address] = [], bypass: [Bypass] = []) {
        self.pairs = pairs
        self.own = own
        self.bypass = bypass
    }
}
