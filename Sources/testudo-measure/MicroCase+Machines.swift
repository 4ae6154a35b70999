internal import Fleet
internal import Ladder

/// The two machines, fed with what they would hear: no clock, no network, no kernel.
extension MicroCase {
    static var machines: [MicroCase] {
        [node] + [1_000, 10_000].map(rollout)
    }

    /// An order taken, performed at once, and answered.
    private static var node: MicroCase {
        calls("node_ladder_step") {
            let fleet = try MicroFleet(2)
            var ladder = NodeLadder(epoch: MicroFleet.epoch, generation: MicroFleet.generation)
            ladder.welcome(epoch: MicroFleet.epoch, roster: fleet.version)
            ladder.receive(offers: fleet.offersVersion)
            var order = fleet.order()
            let performance = NodeLadder.Performance(standing: MicroFleet.standing())
            return {
                order.stamp.step &+= 1
                let taken = ladder.receive(order, at: MicroFleet.now)
                guard case .perform? = taken.first else { throw MicroError("an order was answered by \(taken)") }
                let answers = ladder.performed(performance)
                guard case .report(let report)? = answers.first, report.verdict == .done else {
                    throw MicroError("an order was answered by \(answers)")
                }
                return report
            }
        }
    }

    /// One report handled; a run is whole enables, from preflight to the end, with all that their steps cost.
    private static func rollout(_ n: Int) -> MicroCase {
        MicroCase(
            "rollout_step", n: n,
            .time {
                let fleet = try MicroFleet(n)
                return { count in
                    var total = MicroRun.nothing
                    for _ in 0..<count {
                        var enable = MicroRollout(fleet)
                        total += try enable.run()
                    }
                    return total
                }
            })
    }
}

/// Turns a fleet on without the fleet: every order is answered as a node that carries it out answers.
private struct MicroRollout {
    private let fleet: MicroFleet
    private var machine: Rollout
    private var now = MicroFleet.now
    /// Of every edge.
    private var state = EdgeState.clear
    private var sequence: UInt64 = 0
    private var total = MicroRun.nothing

    init(_ fleet: MicroFleet) {
        self.fleet = fleet
        let charter = Rollout.Charter(
            id: 120, kind: .enable, epoch: MicroFleet.epoch, roster: fleet.version, numbers: fleet.numbers,
            generation: MicroFleet.generation, limits: RolloutLimits())
        machine = Rollout(charter, fleet: FleetState(), spares: fleet.offers.offers, at: now)
    }

    /// The time is that of the machine's ``Rollout/receive(_:from:at:)`` alone.
    mutating func run() throws -> MicroRun {
        var effects = machine.begin(at: now)[...]
        var alarm: Instant?
        while let effect = effects.popFirst() {
            switch effect {
            case .journal: break
            case .send(let order, let nodes): effects += try carryOut(order, on: nodes)
            case .publish(let set):
                guard set == fleet.offers else { throw MicroError("another set than the spare offers") }
                effects += machine.published(fleet.offersVersion, at: now)
            case .arm(let moment): alarm = moment
            case .finish(.done(isSettled: true)): return total
            case .supply, .finish: throw MicroError("the rollout came to \(effect)")
            }
            if effects.isEmpty, let moment = alarm {
                now = max(now, moment)
                effects += machine.tick(at: now)
            }
        }
        throw MicroError("the rollout stands still")
    }

    private mutating func carryOut(_ order: Order, on nodes: [NodeNumber]) throws -> [Rollout.Effect] {
        if case .move(let rule, let fresh) = order.task {
            guard let place = rule.base else { throw MicroError("a rule without a base: \(rule)") }
            state = state.moved(to: place, fresh?.version.generation)
        }
        sequence += 1
        let reports = nodes.map { ($0, report(on: order)) }
        var last: [Rollout.Effect] = []
        let start = ContinuousClock.now
        for (node, report) in reports { last = machine.receive(report, from: node, at: now) }
        total += MicroRun(duration: ContinuousClock.now - start, operations: reports.count)
        return last
    }

    private func report(on order: Order) -> Report {
        let isProbe = if case .probe = order.task { true } else { false }
        return Report(
            answering: order.stamp, sequence: sequence, verdict: .done, standing: Standing(common: state),
            probeMicroseconds: isProbe ? 500 : nil)
    }
}
