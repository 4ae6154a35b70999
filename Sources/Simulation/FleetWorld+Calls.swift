internal import Fleet
internal import Ladder
internal import Ports

/// One call of the operator, and what became of it.
struct OperatorCall {
    enum State: Hashable {
        case waiting
        case answered(RolloutAnswer)
        /// The coordinator died over it: the client saw its connection end.
        case cutOff
    }

    var wish: Scenario.Call.Wish
    var process: SimulatedProcess
    var made: Instant
    var deadline: Instant
    var state = State.waiting
}

/// What the operator asks for, and whether the answers are true.
extension FleetWorld {
    /// A rollout answers within 25 s (ARCHITECTURE.md); the journal's writes and the bus come on top.
    private static let answerMicroseconds: UInt64 = 26_000_000
    /// A call waits 25 s for its rollout to begin, and is refused with the next event.
    private static let waitMicroseconds: UInt64 = 27_000_000

    func planCalls() {
        for call in scenario.calls {
            scheduler.at(call.moment) { [self] in
                if !isHealed { place(call.wish) }
            }
        }
    }

    /// The call's number, `nil` where no coordinator takes it.
    @discardableResult
    func place(_ wish: Scenario.Call.Wish) -> Int? {
        guard let process = coordinator, process.isAlive, let control = process.control else {
            tell("call \(wish): nobody listens")
            return nil
        }
        let deadline = Instant(
            microseconds: scheduler.now.microseconds + Self.waitMicroseconds + Self.answerMicroseconds)
        let number = calls.count
        calls.append(OperatorCall(wish: wish, process: process, made: scheduler.now, deadline: deadline))
        tell("call \(number): \(wish)")
        let confined = Confined(self)
        _ = Task(executorPreference: operatorLane) {
            let answer = await control.perform(wish.request, requestedBy: "operator")
            confined.object.take(answer, of: number)
        }
        watchDeadline(of: number)
        return number
    }

    func cutCallsOff(from process: SimulatedProcess) {
        for index in calls.indices where calls[index].process === process && calls[index].state == .waiting {
            calls[index].state = .cutOff
            tell("call \(index): cut off")
        }
    }

    /// A stopped coordinator cannot answer: its calls have so much longer.
    func excuseCalls(from process: SimulatedProcess, milliseconds: UInt64) {
        for index in calls.indices where calls[index].process === process {
            calls[index].deadline = calls[index].deadline.advanced(byMilliseconds: milliseconds)
        }
    }

    private func watchDeadline(of number: Int) {
        scheduler.at(calls[number].deadline) { [self] in
            guard calls[number].state == .waiting else { return }
            if scheduler.now < calls[number].deadline { return watchDeadline(of: number) }
            checker.report("call \(number), made at \(calls[number].made), is not answered")
        }
    }

    private func take(_ answer: RolloutAnswer, of number: Int) {
        guard calls[number].process.isAlive else { return }
        guard calls[number].state == .waiting else {
            return checker.report("call \(number) was answered twice: \(calls[number].state) and \(answer)")
        }
        calls[number].state = .answered(answer)
        tell("call \(number): \(answer)")
        switch answer {
        case .unchanged, .done:
            if let wrong = wrong(with: calls[number].wish, isDone: answer != .unchanged) {
                checker.report("call \(number), \(calls[number].wish), was answered \(answer), and \(wrong)")
            }
        case .failed(let failure):
            if failure.reasons.isEmpty { checker.report("call \(number) failed without a reason") }
        }
    }

    /// What contradicts that a wish came true, in words.
    private func wrong(with wish: Scenario.Call.Wish, isDone: Bool) -> String? {
        switch wish {
        case .on: checker.firstPair { !$0.isProtected }
        case .off: checker.firstPair { $0.form != .clear || $0.requiresIn }
        // Old SAs that are left to remove do not hold the answer up.
        case .rotate: isDone ? checker.firstPair { !$0.isProtected } : nil
        case .prepare: isDone ? checker.firstPair { $0.inbound.isEmpty || $0.outbound.isEmpty } : nil
        }
    }

    /// Calls until the fleet is where the operator wants it, as one who reads the answers would.
    ///
    /// - Parameter ended: called once a call was answered as it should be.
    func settle(_ ended: @escaping () -> Void) {
        let again = { [self] in
            scheduler.after(microseconds: Self.breathMicroseconds) { [self] in settle(ended) }
        }
        let target = scenario.finalTarget
        attempt(target) { isDone in if isDone { ended() } else { again() } }
    }

    /// An operator's pause between two tries.
    private static let breathMicroseconds: UInt64 = 500_000
    private static let glanceMicroseconds: UInt64 = 50_000

    /// Places a call and says whether it was answered as it should be.
    func attempt(_ target: Bool, _ ended: @escaping (Bool) -> Void) {
        guard let number = place(target ? .on : .off) else { return ended(false) }
        glance(at: number, ended)
    }

    private func glance(at number: Int, _ ended: @escaping (Bool) -> Void) {
        switch calls[number].state {
        case .waiting:
            scheduler.after(microseconds: Self.glanceMicroseconds) { [self] in glance(at: number, ended) }
        case .cutOff: ended(false)
        case .answered(.failed): ended(false)
        case .answered(.done), .answered(.unchanged): ended(true)
        }
    }

    /// No call waits for its answer.
    var isQuiet: Bool { calls.allSatisfy { $0.state != .waiting } }

    /// Whether every kernel and the coordinator agree that the fleet is where it should be.
    func isAt(_ target: Bool) -> Bool {
        guard let status = coordinator?.control?.status(), status.nodes.allSatisfy(\.isPresent) else { return false }
        return status.enabled == target && checker.isUniform(at: target ? .enforce : .clear)
    }
}

extension Scenario.Call.Wish {
    var request: FleetRequest {
        switch self {
        case .on: .configure(enabled: true, replayWindow: nil)
        case .off: .configure(enabled: false, replayWindow: nil)
        case .rotate: .rollout(.rotate, absent: nil)
        case .prepare: .rollout(.prepare, absent: nil)
        }
    }
}
