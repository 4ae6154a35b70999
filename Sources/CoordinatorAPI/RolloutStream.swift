internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import ONTAP
internal import Ports

/// A rollout as Server-Sent Events (WHATWG HTML §9.2): its record again whenever it has changed, until it has ended.
enum RolloutStream {
    static let contentType = "text/event-stream"
    /// Several of a fast rollout's steps may fall into one event: the record has them all.
    private static let pause = Duration.milliseconds(50)
    /// Longer than any rollout takes.
    private static let secondsMaximum: Int64 = 120

    /// Whether a client asks for events.
    static func isAsked(for accept: String?) -> Bool {
        (accept ?? "").split(separator: ",").contains {
            $0.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() == contentType } ?? false
        }
    }

    /// The events of a rollout that there is.
    static func body(_ key: String, _ control: any FleetControl) -> ResponseBody {
        ResponseBody { writer in
            let deadline = ContinuousClock.now.advanced(by: .seconds(secondsMaximum))
            var last: Ports.RolloutRecord?
            while ContinuousClock.now < deadline, let id = UInt64(key),
                let record = control.status().rollouts.first(where: { $0.id == id })
            {
                if record != last {
                    let text = JSONValue.object(record.json).text(pretty: false)
                    try await writer.write(ByteBuffer(string: "event: rollout\ndata: \(text)\n\n"))
                    last = record
                }
                if record.outcome != .running { break }
                try await Task.sleep(for: pause)
            }
            try await writer.finish(nil)
        }
    }
}
