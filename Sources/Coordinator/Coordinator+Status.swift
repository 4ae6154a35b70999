internal import Fleet
internal import Ladder
internal import Ports
internal import Synchronization

/// What ``Coordinator/status()`` is made from, kept so that one node's word costs no look at all the others.
struct Picture {
    /// Nodes that are not heard from, or have not said where they stand.
    var absent = NodeSet()
    /// The others with an edge that is known to carry or take clear traffic; none while the target is off.
    var exposed = NodeSet()
    /// Where each node stands in the published list.
    var places = NodeTable<Int>()
}

/// Makes the fleet as it is now visible.
extension Coordinator {
    /// Nodes that are not heard from, or have not said where they stand.
    var absentNodes: Set<NodeNumber> { Set(numbers.filter(isAbsent)) }

    /// The fleet as it is known now: the rollout under way has its own.
    var current: FleetState { rollout?.machine.fleet ?? fleet }

    private func isAbsent(_ node: NodeNumber) -> Bool {
        !presence.isPresent(node) || standing(of: node) == nil
    }

    /// Whether it counts in ``Picture/exposed``. Where the target is off nobody asks.
    private func isExposed(_ node: NodeNumber, in fleet: FleetState) -> Bool {
        desired && !picture.absent.contains(node) && !fleet.isProtected(node, among: numbers)
    }

    /// All of it: what nodes were ordered, and which there are, may have changed.
    func publish() {
        let fleet = current
        picture.absent = NodeSet(numbers.filter(isAbsent))
        var nodes = numbers.compactMap { status(of: $0, in: fleet) }
        nodes += removed.filter { !$0.value.quarantined.isEmpty }.map { name, removal in
            NodeStatus(
                name: name, number: removal.number, isPresent: false, isQuarantined: true, rung: .closed, problems: [])
        }
        if nodes.count > numbers.count { nodes.sort { $0.number < $1.number } }
        picture.places = NodeTable()
        for (place, node) in nodes.enumerated() where picture.places[node.number] == nil {
            picture.places[node.number] = place
        }
        publishCourse { status in
            status.replayWindow = replayWindow
            status.nodes = nodes
        }
    }

    /// Orders went out or the rollout went on: what nodes have said is as it was, and no list of them is made anew.
    ///
    /// - Parameter further: what becomes visible with it.
    func publishCourse(_ further: (inout FleetStatus) -> Void = { _ in }) {
        let fleet = current
        picture.exposed = NodeSet(numbers.filter { isExposed($0, in: fleet) })
        let enabled = isEnabled(fleet)
        let progress = progress
        published.withLock { status in
            further(&status)
            status.enabled = enabled
            status.rollouts = log.records
            Self.show(progress, in: &status)
        }
    }

    /// How far the rollout under way is; `nil` where there is none that operators see.
    private var progress: RolloutRecord.Progress? {
        guard let rollout, rollout.machine.charter.kind != .inspect else { return nil }
        let answers = rollout.machine.answers
        return .init(step: stepName, nodes: answers.needed, nodesDone: answers.given)
    }

    private static func show(_ progress: RolloutRecord.Progress?, in status: inout FleetStatus) {
        if status.rollouts.first?.outcome == .running { status.rollouts[0].progress = progress }
    }

    /// More nodes may have answered the step.
    func publishProgress() {
        guard let progress else { return }
        published.withLock { Self.show(progress, in: &$0) }
    }

    /// One node said where it stands.
    func publish(_ node: NodeNumber) {
        let fleet = current
        picture.absent.set(node, isIn: isAbsent(node))
        picture.exposed.set(node, isIn: isExposed(node, in: fleet))
        guard let place = picture.places[node], let nodeStatus = status(of: node, in: fleet) else { return publish() }
        let enabled = isEnabled(fleet)
        published.withLock { status in
            status.enabled = enabled
            status.nodes[place] = nodeStatus
        }
    }

    /// A node's edges stand elsewhere than before. Of a present node nothing else has changed, but that it may have joined,
    /// and its sentences are not made anew.
    func publish(_ node: NodeNumber, at standing: Standing?) {
        guard let standing, let place = picture.places[node], presence.isPresent(node), !picture.absent.contains(node)
        else { return publish(node) }
        let fleet = current
        picture.exposed.set(node, isIn: isExposed(node, in: fleet))
        let enabled = isEnabled(fleet)
        let joinMicroseconds = joins.microseconds[node]
        published.withLock { status in
            status.enabled = enabled
            status.nodes[place].rung = standing.lowest
            status.nodes[place].joinMicroseconds = joinMicroseconds
        }
    }

    private func isEnabled(_ fleet: FleetState) -> Bool {
        if configuration.limits.flaws.contains(.believesTheTarget) { return desired }
        let isKnown = numbers.count <= 1 || picture.absent.count < numbers.count
        return desired && isKnown && !numbers.isEmpty && picture.exposed.isEmpty
            && fleet.isProtected(between: picture.absent)
    }

    private func status(of number: NodeNumber, in fleet: FleetState) -> NodeStatus? {
        roster.nodes[number].map { node in
            NodeStatus(
                name: node.name, number: number, isPresent: !picture.absent.contains(number),
                rung: fleet.nodes[number]?.standing?.lowest,
                problems: sentences(of: number),
                joinMicroseconds: joins.microseconds[number])
        }
    }
}

extension NodeSet {
    /// Puts the element in, or takes it out.
    fileprivate mutating func set(_ node: NodeNumber, isIn: Bool) {
        if isIn { insert(node) } else { remove(node) }
    }
}
