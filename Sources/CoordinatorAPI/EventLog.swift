internal import Fleet
internal import FoundationEssentials
public import Logging
internal import ONTAP
internal import Synchronization

/// The newest lines of a log, for who asks over the API: give it to a logger beside another handler.
public final class EventLog: Sendable {
    /// A day of a quiet fleet, an hour of a broken one.
    public static let eventsMaximum = 1_024
    /// In UTF-8 bytes.
    static let detailsMaximum = 1_024

    private struct State {
        var events: [EventRecord] = []
        var last: UInt64 = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Hears what a logger says at `info` and above.
    public func handler() -> any LogHandler { Handler(log: self) }

    /// Oldest first.
    var records: [EventRecord] { state.withLock { $0.events } }

    private func note(_ event: LogEvent) {
        let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }
        let node = metadata.first { $0.key == "node" }.map { "\($0.value)" }
        let details = metadata.filter { $0.key != "node" }.map { "\($0.key)=\(LogText.value("\($0.value)"))" }.joined(
            separator: " ")
        state.withLock { state in
            state.last += 1
            if state.events.count >= Self.eventsMaximum { state.events.removeFirst() }
            state.events.append(
                EventRecord(
                    id: state.last, time: Date.now.formatted(.iso8601), level: "\(event.level)",
                    message: "\(event.message)",
                    node: node, details: String(decoding: details.utf8.prefix(Self.detailsMaximum), as: UTF8.self)))
        }
    }

    private struct Handler: LogHandler {
        let log: EventLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(log: EventLog) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.note(event) }
    }
}
