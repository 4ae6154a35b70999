/// Admits enrolled public keys to a context's CURVE servers and nobody else (ZeroMQ RFC 27/ZAP).
///
/// libzmq asks in the midst of each handshake and waits for the answer, so it is served by a loop that never blocks.
/// It exists before the first CURVE server binds: without it libzmq admits every key.
public struct Authenticator: ~Copyable {
    /// Answered in one go, so that handshakes of a whole fleet do not hold messages up.
    public static let requestsPerTurnMaximum = 256

    /// A peer that was turned away.
    public struct Refusal: Hashable, Sendable {
        /// The peer's IP address.
        public var address: String
        /// `nil` where it did not use CURVE.
        public var key: CurvePublicKey?
    }

    private static let endpoint = "inproc://zeromq.zap.01"
    private static let version = Array("1.0".utf8)

    /// For ``WakeDescriptor/wait(for:_:milliseconds:)``.
    public let socket: ZeroMQSocket
    private let domain: [UInt8]
    private let admitted: [CurvePublicKey: String]

    /// - Parameter admitted: each enrolled key, and the user id that its messages will carry.
    public init(
        domain: String, admitted: [CurvePublicKey: String], in context: ZeroMQContext
    ) throws(ZeroMQError) {
        let socket = try ZeroMQSocket(.reply, in: context)
        try socket.bind(Self.endpoint)
        self.socket = socket
        self.domain = Array(domain.utf8)
        self.admitted = admitted
    }

    /// Answers what libzmq asked; returns who was turned away.
    public func answer() throws(ZeroMQError) -> [Refusal] {
        var refusals: [Refusal] = []
        for _ in 0..<Self.requestsPerTurnMaximum {
            guard let request = try socket.receive() else { break }
            let frames = request.frames
            // version, request id, domain, address, routing id, mechanism, credentials.
            let isCurve =
                frames.count == 7 && frames[0] == Self.version && frames[2] == domain
                && frames[5] == Array("CURVE".utf8)
            let key = isCurve ? CurvePublicKey(bytes: frames[6]) : nil
            let userID = key.flatMap { admitted[$0] }
            let status = userID == nil ? "400" : "200"
            let text = userID == nil ? "not enrolled" : "OK"
            let requestID = frames.count > 1 ? frames[1] : []
            _ = try socket.send([
                Self.version, requestID, Array(status.utf8), Array(text.utf8), Array((userID ?? "").utf8), [],
            ])
            if userID == nil {
                let address = frames.count > 3 ? String(decoding: frames[3], as: UTF8.self) : "unknown"
                refusals.append(Refusal(address: address, key: key))
            }
        }
        return refusals
    }
}
