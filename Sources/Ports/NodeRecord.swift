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
    /// Which slots belong to which offers.
    public var slots: SlotLedger

    public init(epoch: Epoch? = nil, generation: Generation = .none, slots: SlotLedger = SlotLedger()) {
        self.epoch = epoch
        self.generation = generation
        self.slots = slots
    }
}
