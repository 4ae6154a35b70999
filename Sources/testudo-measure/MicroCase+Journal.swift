internal import Fleet
internal import Ports
internal import Store

/// The coordinator's journal.
extension MicroCase {
    /// A step made durable before it is ordered: one transaction, synced.
    static func journal(_ path: String) -> MicroCase {
        MicroCase(
            "journal",
            .time {
                let journal = try SQLiteJournal(
                    path: path,
                    fresh: .init(epoch: MicroFleet.epoch, fleetID: [UInt8](repeating: 1, count: 16), uuid: "measure"))
                try await journal.record([.began(rollout: 1, kind: .enable, absent: .refuse, user: "measure")])
                var step: UInt32 = 0
                return { count in
                    let start = ContinuousClock.now
                    for _ in 0..<count {
                        step &+= 1
                        let stamp = Stamp(generation: MicroFleet.generation, step: step)
                        try await journal.record([.step(rollout: 1, stamp, name: "accept")])
                    }
                    return MicroRun(duration: ContinuousClock.now - start, operations: count)
                }
            })
    }
}
