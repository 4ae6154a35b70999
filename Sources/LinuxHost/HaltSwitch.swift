internal import Glibc
public import Ports

/// Kills or stops this process at a named place, for tests that must choose where it dies.
///
/// `TESTUDO_HALT` is not a stable interface: it names a file, and what the file says is done once. `kill:sent accept` ends
/// the process with SIGKILL just after it sent the order to accept, `stop:applied send` stops it with SIGSTOP; the file is
/// removed before. The places are those that ``Checkpoint/reach(_:)`` names.
public enum HaltSwitch {
    public static let variable = "TESTUDO_HALT"

    /// - Parameter path: the variable's value, `nil` where it is not set: then no place costs anything.
    public static func checkpoint(_ path: String?) -> Checkpoint {
        guard let path, !path.isEmpty else { return .none }
        return Checkpoint { place in
            guard let bytes = try? HostFile.read(path) else { return }
            let text = String(decoding: bytes, as: UTF8.self)
            let signals = ["kill:\(place)": SIGKILL, "stop:\(place)": SIGSTOP]
            guard let signal = signals[text.last == "\n" ? String(text.dropLast()) : text] else { return }
            // Safe because the path lives for the call.
            _ = unsafe unlink(path)
            // To this thread: another one would let it run on past the place.
            raise(signal)
        }
    }
}
