internal import Fleet
internal import Ladder
internal import Ports

/// Compares `enabled`, as the coordinator says it, with the kernels; and knows which kernels have lost their state.
///
/// A reboot is news that takes a while to arrive: until the coordinator has read the new kernel back, and a rollout
/// that began after that with the node has succeeded, what the reboot broke is not held against anyone.
struct EnabledWatch {
    /// A message that has arrived is noted within so long: the coordinator may be writing its journal.
    private static let noteMicroseconds: UInt64 = 100_000

    private enum Loss {
        case unheard
        case arrived(Instant)
        /// The newest rollout then.
        case heard(rollout: UInt64)
    }

    private var losses: [Int: Loss] = [:]
    private var newestSuccess: UInt64 = 0
    /// The newest rollout, and the nodes that were present when it was first seen: it says nothing of the others.
    private var rollout: UInt64 = 0
    private var participants: [Int] = []

    mutating func rebooted(_ host: Int) { losses[host] = .unheard }

    /// Somebody else changed the host's kernel: until the agent has told of it nobody can know. An agent that is well
    /// sees it at once and tells it at the next beat; one that is not is given the time that heartbeats are.
    mutating func drifted(_ host: Int, at now: Instant) {
        losses[host] = .arrived(now.advanced(byMilliseconds: Self.driftMilliseconds))
    }
    private static let driftMilliseconds: UInt64 = 5_000

    /// A new coordinator has heard of nothing yet.
    mutating func forget() {
        for host in losses.keys { losses[host] = .unheard }
        newestSuccess = 0
    }

    /// A read-back of the host has arrived.
    mutating func heard(_ host: Int, at now: Instant) {
        if case .unheard = losses[host] { losses[host] = .arrived(now) }
    }

    mutating func look(at world: FleetWorld) {
        guard let process = world.coordinator, process.isAlive, let control = process.control else { return }
        if process.isStopped {
            for (host, loss) in losses {
                if case .arrived(let moment) = loss { losses[host] = .arrived(max(moment, world.scheduler.now)) }
            }
            return
        }
        let status = control.status()
        if let newest = status.rollouts.first, newest.id != rollout {
            rollout = newest.id
            participants = status.nodes.indices.filter { status.nodes[$0].isPresent }
        }
        if !losses.isEmpty { follow(status, in: world) }
        if status.enabled, world.checker.unprotectedCount > 0 { compare(status, in: world) }
    }

    private mutating func follow(_ status: FleetStatus, in world: FleetWorld) {
        let newest = status.rollouts.first
        for (host, loss) in losses {
            guard case .arrived(let moment) = loss else { continue }
            if world.scheduler.now.microseconds(since: moment) > Self.noteMicroseconds {
                losses[host] = .heard(rollout: newest?.id ?? 0)
            }
        }
        guard let newest, newest.outcome == .success, newest.id != newestSuccess else { return }
        newestSuccess = newest.id
        for host in participants {
            if case .heard(let rollout) = losses[host], rollout < newest.id { losses[host] = nil }
        }
        for host in participants where losses[host] == nil {
            for peer in participants where losses[peer] == nil && world.checker.isForgiven[host][peer] {
                world.checker.expectAgain(host, peer)
            }
        }
    }

    private func compare(_ status: FleetStatus, in world: FleetWorld) {
        let isProtected = world.checker.isProtected
        for host in world.hosts.indices {
            for peer in world.hosts.indices where peer != host && !isProtected[host][peer] {
                switch losses[host] {
                case .unheard, .arrived: continue
                case .heard, nil: break
                }
                // The edges of an absent node count by its peers, as far as they are known.
                let isPeerKnown = if case .heard? = losses[peer] { true } else { losses[peer] == nil }
                if !status.nodes[host].isPresent, status.nodes[peer].isPresent, isProtected[peer][host] || !isPeerKnown
                {
                    continue
                }
                let (from, to) = (world.hosts[host].name, world.hosts[peer].name)
                return world.checker.report(
                    "enabled is true, and \(from)→\(to) stands at \(world.checker.sides[host][peer].map(\.rungs))")
            }
        }
    }
}

extension FleetWorld {
    /// A message of an agent has arrived.
    func coordinatorHears(_ message: AgentMessage, from index: Int) {
        scheduler.note(UInt64(index))
        let standing: Standing? =
            switch message {
            case .hello, .associations: nil
            case .report(let report): report.standing
            case .heartbeat(let heartbeat): heartbeat.standing
            }
        if standing != nil { watch.heard(index, at: scheduler.now) }
    }
}
