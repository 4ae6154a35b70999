internal import Fleet
internal import Glibc
public import Logging

/// One line an event on standard error: level, what happened, its facts as `key=value`. Journald adds the time.
public struct StandardErrorLog: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let label: String

    public init(label: String, level: Logger.Level) {
        self.label = label
        logLevel = level
    }

    /// A level by its name.
    @Sendable
    public static func level(_ name: String) throws(HostError) -> Logger.Level {
        guard let level = Logger.Level(rawValue: name) else {
            throw HostError("expected \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = "\(event.level) \(label): \(event.message)"
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            line += " \(key)=\(LogText.value("\(value)"))"
        }
        line += "\n"
        let bytes = Array(line.utf8)
        // Safe because the kernel reads the array's own bytes; a log line that cannot be written is lost.
        _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }
}
