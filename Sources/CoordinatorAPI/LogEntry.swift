internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import ONTAP

/// One line of the log for one request. Holds nothing of its `Authorization` header but the name, nothing of its body.
struct LogEntry {
    private static let textMaximum = 256
    /// Clients say here what they are; ONTAP's audit log keeps it too.
    private static let clientHeader = HTTPField.Name("X-Dot-Client-App")

    private let request: HummingbirdCore.Request
    private let peer: String
    private let begin = ContinuousClock.now
    /// Who sent it, or who they said they were.
    var user: String?
    /// Whether wrong credentials came with it.
    var isIntrusion = false

    init(_ request: HummingbirdCore.Request, peer: String) {
        self.request = request
        self.peer = peer
    }

    /// Changes and wrong passwords are told always, reads when somebody looks closer.
    func write(_ answer: Answer, to logger: Logger) {
        let method = request.method.rawValue
        let isChange = user != nil && Method(rawValue: method)?.isChange == true
        let level: Logger.Level = isIntrusion ? .warning : isChange || answer.status >= 500 ? .info : .debug
        guard level >= logger.logLevel else { return }
        let duration = begin.duration(to: .now).components
        // The query stays out: a client may have put a secret there.
        let path = ONTAP.Request.cut(request.head.path ?? "").path
        var metadata: Logger.Metadata = [
            "method": "\(Self.sanitized(method))", "path": "\(Self.sanitized(path))", "status": "\(answer.status)",
            "peer": "\(peer)",
            "microseconds": "\(duration.seconds * 1_000_000 + duration.attoseconds / 1_000_000_000_000)",
        ]
        if let user { metadata["user"] = "\(Self.sanitized(user))" }
        if let client = Self.clientHeader.flatMap({ request.headers[$0] }) {
            metadata["client"] = "\(Self.sanitized(client))"
        }
        if let code = answer.code { metadata["code"] = "\(code.digits)" }
        logger.log(level: level, isIntrusion ? "wrong credentials" : "request", metadata: metadata)
    }

    /// Printable ASCII of bounded length: what a client sent cannot forge a line or fill the disk.
    private static func sanitized(_ text: some StringProtocol) -> String {
        String(
            decoding: text.utf8.prefix(textMaximum).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }
}
