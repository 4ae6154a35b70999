internal import Fleet
internal import Ports
internal import Simulated

extension JournalState {
    /// Takes one fact up.
    mutating func note(_ entry: JournalEntry) {
        switch entry {
        case .number(let name, let number): numbers[name] = number
        case .addresses(let name, let addresses): self.addresses[name] = addresses
        case .removed(let name, let quarantined):
            removed[name] = numbers[name].map { Removal(number: $0, quarantined: quarantined) }
        case .released(let name): removed[name]?.quarantined = []
        case .roster(let version): roster = version
        case .desired(let desired): self.desired = desired
        case .replayWindow(let window): replayWindow = window
        case .oldest(let generation): oldest = generation
        case .began(let rollout, let kind, let absent, let user, let window):
            self.rollout = rollout
            open = OpenRollout(
                id: rollout, kind: kind, absent: absent, user: user, isWayBack: false, replayWindow: window)
        case .plan(let rollout, let generation, let isWayBack):
            self.generation = max(self.generation, generation)
            if open?.id == rollout { open?.isWayBack = isWayBack }
        case .ended(let rollout, _, _): if open?.id == rollout { open = nil }
        case .behind: isBehind = true
        case .caughtUp(let generation):
            isBehind = false
            self.generation = max(self.generation, generation)
        case .step: break
        }
    }
}

/// The coordinator's journal as it is on disk, and how writing it fails.
struct FleetJournal {
    /// After each write, oldest first: what a backup may hold.
    private(set) var versions: [JournalState]
    var isFull = false

    init(_ state: JournalState) { versions = [state] }

    var state: JournalState { versions[versions.count - 1] }

    mutating func write(_ entries: [JournalEntry]) {
        var state = state
        for entry in entries { state.note(entry) }
        versions.append(state)
    }

    /// A backup takes the place of the newest writes; the journal's identity is in all of them.
    mutating func restore(writesBack count: Int) { versions.removeLast(min(count, versions.count - 1)) }
}

/// A coordinator process's way to its journal. A write is durable when it returns; one that a kill cuts off may be
/// there or not.
final class JournalEnd: Journal {
    /// SQLite's commit with a sync on a good disk, and on a bad day.
    private static let writeMicroseconds: ClosedRange<UInt64> = 50...5_000

    private let process: Confined<SimulatedProcess>
    private let scheduler: Confined<Scheduler>

    init(_ process: SimulatedProcess) {
        self.process = Confined(process)
        scheduler = process.world.confinedScheduler
    }

    func load() async throws(JournalError) -> JournalState { process.object.world.journal.state }

    func record(_ entries: [JournalEntry]) async throws(JournalError) {
        let world = process.object.world
        let write = world.journal.versions.count + process.object.unsynced.count
        process.object.unsynced[write] = entries
        await scheduler.pause(microseconds: world.drawDisk(Self.writeMicroseconds))
        guard process.object.isAlive, process.object.unsynced.removeValue(forKey: write) != nil else {
            throw JournalError(operation: "record", message: "the process is dead")
        }
        if world.journal.isFull { throw JournalError(operation: "record", message: "database or disk is full") }
        world.journal.write(entries)
    }
}
