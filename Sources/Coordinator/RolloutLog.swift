internal import Fleet
internal import Ports

/// The newest rollouts with the time that each of their steps took.
struct RolloutLog {
    private(set) var records: [RolloutRecord] = []
    private var began = Instant(microseconds: 0)
    private var step: (name: String, began: Instant)?

    mutating func begin(_ id: UInt64, kind: RolloutKind, at now: Instant) {
        records.insert(
            RolloutRecord(
                id: id, kind: kind, outcome: .running, microseconds: 0, drainMicroseconds: 0, steps: [], reasons: []
            ),
            at: 0)
        records = Array(records.prefix(FleetStatus.rolloutsMaximum))
        began = now
        step = nil
    }

    mutating func beginStep(_ name: String, at now: Instant) {
        endStep(at: now)
        step = (name, now)
    }

    mutating func end(
        _ outcome: RolloutRecord.Outcome, reasons: [RolloutFailure.Reason], probeMicroseconds: UInt64, at now: Instant
    ) {
        endStep(at: now)
        guard records.first?.outcome == .running else { return }
        records[0].probeMicroseconds = probeMicroseconds == 0 ? nil : probeMicroseconds
        records[0].outcome = outcome
        records[0].reasons = reasons
        records[0].microseconds = now.microseconds(since: began)
        records[0].progress = nil
    }

    private mutating func endStep(at now: Instant) {
        guard let step else { return }
        let microseconds = now.microseconds(since: step.began)
        records[0].steps.append(RolloutRecord.Step(name: step.name, microseconds: microseconds))
        if step.name == "drain" { records[0].drainMicroseconds += microseconds }
        self.step = nil
    }
}
