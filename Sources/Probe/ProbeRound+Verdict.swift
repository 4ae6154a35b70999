internal import Ports

extension ProbeRound {
    /// What the round says of a target so far. One whose fate is still open is silent: nothing is claimed of it.
    func verdict(_ target: Int) -> ProbeResult.Verdict {
        let small = state(target, .small)
        let full = state(target, .full)
        if case .refused(let words) = small { return .unsent(words) }
        if case .refused(let words) = full { return .unsent(words) }
        switch (small, full) {
        case (.echoed(let first), .echoed(let second)):
            return .echoed(microseconds: max(first, second))
        case (.echoed, .tooLarge), (.echoed, .lost):
            return .tooLarge(bytes: paths[target].fullPacketBytes)
        case (.echoed, _), (.fresh, _), (.underway, _), (.tooLarge, _), (.lost, _), (.refused, _):
            return .silent
        }
    }

    /// Whether the oversized datagram was sent and never came back, though the others did.
    func losesFragments(_ target: Int) -> Bool {
        switch state(target, .oversized) {
        case .lost, .tooLarge, .refused: true
        case .fresh, .underway, .echoed: false
        }
    }
}
