internal import Glibc
public import Ports
internal import Synchronization

/// Kills or stops this process at a named place, for tests that must choose where it dies.
///
/// `TESTUDO_HALT` is not a stable interface: `kill:sent accept` ends the process with SIGKILL just after it sent the
/// order to accept, `stop:applied send` stops it with SIGSTOP, the first time that it comes there. The places are those that ``Checkpoint/reach(_:)`` names.
public enum HaltSwitch {
    public static let variable = "TESTUDO_HALT"

    /// - Parameter text: the variable's value, `nil` where it is not set.
    public static func checkpoint(_ text: String?) throws(HostError) -> Checkpoint {
        guard let text, !text.isEmpty else { return .none }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let signal = ["kill": SIGKILL, "stop": SIGSTOP][parts[0]] else {
            throw HostError("\(variable)=\(text): expected kill:PLACE or stop:PLACE")
        }
        let isArmed = Mutex(true)
        return Checkpoint { place in
            guard place == parts[1],
                isArmed.withLock({ armed in
                    defer { armed = false }
                    return armed
                })
            else { return }
            kill(getpid(), signal)
        }
    }
}
