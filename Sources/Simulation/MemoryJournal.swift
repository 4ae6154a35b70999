public import Fleet
public import Ports
internal import Synchronization

/// A journal in memory: what a test reads, and can make fail.
public actor MemoryJournal: Journal {
    public private(set) var state: JournalState
    public private(set) var entries: [JournalEntry] = []
    private var failure: JournalError?

    public init(epoch: Epoch = Epoch(1)) {
        state = JournalState(
            epoch: epoch, fleetID: [UInt8](repeating: 7, count: 16), fleetUUID: "00000000-0000-4000-8000-000000000007")
    }

    /// From now on nothing can be written, until `nil`.
    public func fail(with error: JournalError?) { failure = error }

    public func load() async throws(JournalError) -> JournalState { state }

    public func record(_ entries: [JournalEntry]) async throws(JournalError) {
        if let failure { throw failure }
        self.entries += entries
        for entry in entries {
            switch entry {
            case .number(let name, let number): state.numbers[name] = number
            case .roster(let version): state.roster = version
            case .desired(let desired): state.desired = desired
            case .began(let rollout, _, _): state.rollout = rollout
            case .plan(_, let generation, _): state.generation = max(state.generation, generation)
            case .step, .ended: break
            }
        }
    }
}

/// An agent's record in memory.
public final class MemoryNodeRecord: NodeRecord {
    private let memory = Mutex<NodeMemory?>(nil)

    public init() {}

    public func load() throws(JournalError) -> NodeMemory? { memory.withLock { $0 } }
    public func save(_ memory: NodeMemory) throws(JournalError) { self.memory.withLock { $0 = memory } }
}
