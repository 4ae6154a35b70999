public import Fleet
public import Ports
internal import Synchronization

/// A journal in memory: what a test reads, and can make fail.
public actor MemoryJournal: Journal {
    public private(set) var state: JournalState
    /// What was recorded together, oldest first.
    public private(set) var batches: [[JournalEntry]] = []
    private var rollouts: Set<UInt64> = []
    private var failure: JournalError?

    public init(epoch: Epoch = Epoch(1)) {
        state = JournalState(
            epoch: epoch, fleetID: [UInt8](repeating: 7, count: 16), fleetUUID: "00000000-0000-4000-8000-000000000007")
    }

    /// A journal that was copied earlier, or that an earlier coordinator has left.
    public init(restoring state: JournalState) {
        self.state = state
        rollouts = state.open.map { [$0.id] } ?? []
    }

    /// From now on nothing can be written, until `nil`.
    public func fail(with error: JournalError?) { failure = error }

    public func load() async throws(JournalError) -> JournalState { state }

    /// Refuses, like the journal on disk, an entry that does not follow from what is kept.
    public func record(_ entries: [JournalEntry]) async throws(JournalError) {
        if let failure { throw failure }
        let before = (state, rollouts)
        for entry in entries where !take(entry) {
            (state, rollouts) = before
            throw JournalError(operation: "record", message: "nothing is kept that \(entry) belongs to")
        }
        batches.append(entries)
    }

    /// Whether the entry has a place.
    private func take(_ entry: JournalEntry) -> Bool {
        switch entry {
        case .number(let name, let number):
            guard state.numbers[name] == nil, !state.numbers.values.contains(number) else { return false }
            state.numbers[name] = number
        case .addresses(let name, let addresses):
            guard state.numbers[name] != nil else { return false }
            state.addresses[name] = addresses
        case .removed(let name, let quarantined):
            guard let number = state.numbers[name] else { return false }
            state.removed[name] = JournalState.Removal(number: number, quarantined: quarantined)
        case .released(let name):
            guard let removal = state.removed[name] else { return false }
            state.removed[name] = JournalState.Removal(number: removal.number, quarantined: [])
        case .roster(let version): state.roster = version
        case .desired(let desired): state.desired = desired
        case .replayWindow(let packets): state.replayWindow = packets
        case .oldest(let generation): state.oldest = generation
        case .began(let rollout, let kind, let absent, let user, let window):
            guard rollout > state.rollout else { return false }
            rollouts.insert(rollout)
            state.rollout = rollout
            state.open = JournalState.OpenRollout(
                id: rollout, kind: kind, absent: absent, user: user, isWayBack: false, replayWindow: window)
        case .plan(let rollout, let generation, let isWayBack):
            guard rollouts.contains(rollout) else { return false }
            state.generation = max(state.generation, generation)
            if state.open?.id == rollout { state.open?.isWayBack = isWayBack }
        case .step(let rollout, _, _): return rollouts.contains(rollout)
        case .ended(let rollout, _, _):
            guard rollouts.contains(rollout) else { return false }
            if state.open?.id == rollout { state.open = nil }
        case .behind: state.isBehind = true
        case .caughtUp(let generation):
            state.isBehind = false
            state.generation = max(state.generation, generation)
        }
        return true
    }
}

/// An agent's record in memory.
public final class MemoryNodeRecord: NodeRecord {
    private let memory: Mutex<NodeMemory?>
    private let failure = Mutex<JournalError?>(nil)

    /// - Parameter memory: what an earlier process left.
    public init(_ memory: NodeMemory? = nil) { self.memory = Mutex(memory) }

    public func load() throws(JournalError) -> NodeMemory? { memory.withLock { $0 } }

    public func save(_ memory: NodeMemory) throws(JournalError) {
        if let failure = failure.withLock({ $0 }) { throw failure }
        self.memory.withLock { $0 = memory }
    }

    /// From now on nothing can be written, until `nil`.
    public func fail(with error: JournalError?) { failure.withLock { $0 = error } }
}
