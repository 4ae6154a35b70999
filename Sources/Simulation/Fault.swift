/// One thing that goes wrong. Nodes are named by their index, processes by whose they are.
public enum Fault: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case coordinator
        case agent(Int)
    }

    /// Which way messages of the bus do not pass.
    public enum Direction: Hashable, Sendable, CaseIterable {
        case toAgent, toCoordinator, both
    }

    /// SIGKILL, at once. A new process is started after a while.
    case kill(Target)
    /// SIGKILL where the process reaches its so manieth place between two effects from now on.
    case killAtCheckpoint(Target, count: Int)
    /// SIGSTOP, and SIGCONT after so long.
    case stop(Target, milliseconds: UInt64)
    /// Power lost: the kernel forgets, the disk does not.
    case reboot(Int, milliseconds: UInt64)
    /// The bus does not pass; what is sent meanwhile is lost, or comes late where TCP holds it back.
    case cut(Int, Direction, holds: Bool, milliseconds: UInt64)
    /// The connection breaks and is made again.
    case disconnect(Int)
    /// The node's network is cut: bus and traffic.
    case cutNetwork(Int, milliseconds: UInt64)
    /// The kernel refuses one of the next changes.
    case refuse(Int, after: Int)
    /// ENOBUFS: the answers to the next batch are lost after so many changes were made.
    case loseAnswers(Int, after: Int)
    /// Every call of the kernel fails.
    case outage(Int, milliseconds: UInt64)
    case fullJournal(milliseconds: UInt64)
    /// An agent's record cannot be written; `keeps` where it was written although it says that it was not.
    case fullRecord(Int, keeps: Bool, milliseconds: UInt64)
    /// Somebody deletes the so manieth of the fleet's own SAs, or policies, in a node's kernel.
    case deleteAssociation(Int, Int)
    case deletePolicy(Int, Int)
    /// Something on the way drops protocol 50 between a node and all others, and nothing else.
    case blockPath(Int, milliseconds: UInt64)
    /// The coordinator is killed and its journal restored from a backup so many writes old.
    case restoreBackup(writes: Int)
    /// The coordinator is killed and its journal is lost: it begins another one.
    case loseJournal

    /// One that the scenario's ingredients allow, `nil` where the drawn kind is not among them.
    static func draw(_ scenario: Scenario, _ random: inout SeededGenerator) -> Fault? {
        let node = random.count(0...scenario.nodeCount - 1)
        let target: Target = random.chance(percent: 40) ? .coordinator : .agent(node)
        // Short ones are noise, long ones outlast a rung's deadline, the heartbeats and the order's expiry.
        let milliseconds: UInt64 = random.pick([5, 50, 300, 1_000, 4_000, 11_000, 20_000]) ?? 50
        guard let ingredient = random.pick(scenario.ingredients.sorted { $0.rawValue < $1.rawValue }) else {
            return nil
        }
        switch ingredient {
        case .loss, .duplication, .reordering, .slowAssociations, .slowNodes, .strangers: return nil
        case .oneWayCuts:
            let direction = random.pick([Direction.toAgent, .toCoordinator]) ?? .toAgent
            return .cut(node, direction, holds: random.chance(percent: 50), milliseconds: milliseconds)
        case .twoWayCuts:
            return .cut(node, .both, holds: random.chance(percent: 50), milliseconds: milliseconds)
        case .disconnects: return .disconnect(node)
        case .agentKills:
            return random.chance(percent: 60)
                ? .killAtCheckpoint(.agent(node), count: random.count(1...12)) : .kill(.agent(node))
        case .coordinatorKills:
            return random.chance(percent: 60)
                ? .killAtCheckpoint(.coordinator, count: random.count(1...40)) : .kill(.coordinator)
        case .stops: return .stop(target, milliseconds: milliseconds)
        case .reboots: return .reboot(node, milliseconds: milliseconds)
        case .refusals: return .refuse(node, after: random.count(0...20))
        case .outages:
            return random.chance(percent: 60)
                ? .loseAnswers(node, after: random.count(0...20)) : .outage(node, milliseconds: milliseconds)
        case .fullDisks:
            return random.chance(percent: 40)
                ? .fullJournal(milliseconds: milliseconds)
                : .fullRecord(node, keeps: random.chance(percent: 30), milliseconds: milliseconds)
        case .drift:
            let which = random.count(0...40)
            return random.chance(percent: 50) ? .deleteAssociation(node, which) : .deletePolicy(node, which)
        case .blockedPaths: return .blockPath(node, milliseconds: milliseconds)
        case .backups:
            let writes = random.count(1...6)
            return writes == 6 ? .loseJournal : .restoreBackup(writes: writes)
        case .networkCuts: return .cutNetwork(node, milliseconds: milliseconds)
        }
    }
}
