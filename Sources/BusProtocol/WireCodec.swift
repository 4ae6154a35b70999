internal import Fleet
public import Ladder
internal import SwiftProtobuf

/// The beginning of every welcome with this roster.
public struct EncodedRoster: Sendable {
    fileprivate let roster: Roster
    fileprivate let bytes: [UInt8]
}

/// Turns messages into frames and frames into messages.
///
/// The only place where wire types become the vocabulary. Equal messages become equal bytes. Texts and lists of
/// refusals beyond their maximum are cut in writing; in reading, everything beyond a maximum is refused.
public enum WireCodec {
    /// One frame toward agents; throws ``WireError/tooLarge(bytes:maximum:)`` only.
    public static func encode(_ message: CoordinatorMessage) throws(WireError) -> [UInt8] {
        var envelope = WireEnvelope()
        envelope.protocolVersion = protocolVersion
        envelope.payload =
            switch message {
            case .welcome(let welcome): .welcome(WireWelcome(welcome))
            case .offers(let share): .offerShare(WireOfferShare(share))
            case .order(let order): .order(WireOrder(order))
            case .inquiry(let inquiry): .inquiry(WireInquiry(inquiry))
            case .heartbeat(let clock): .heartbeat(.with { $0.clockMicroseconds = clock.microseconds })
            }
        return try frame(envelope, atMost: WireLimits.coordinatorFrameMaximum)
    }

    /// One frame toward an agent, as the other `encode` makes it but for the order of its fields.
    ///
    /// A roster is the largest of messages, and a fleet that comes up gets it once a node: it is written once. Protobuf
    /// merges what is said of a message twice (Encoding, "Last One Wins"), so what differs between nodes is put behind it.
    public static func encode(_ welcome: Welcome, _ known: inout EncodedRoster?) throws(WireError) -> [UInt8] {
        guard let roster = welcome.roster else { return try encode(.welcome(welcome)) }
        if known?.roster != roster {
            var envelope = WireEnvelope()
            envelope.protocolVersion = protocolVersion
            envelope.welcome.roster = WireRoster(roster)
            known = EncodedRoster(
                roster: roster, bytes: try frame(envelope, atMost: WireLimits.coordinatorFrameMaximum))
        }
        var envelope = WireEnvelope()
        var own = welcome
        own.roster = nil
        envelope.welcome = WireWelcome(own)
        let bytes = (known?.bytes ?? []) + (try frame(envelope, atMost: WireLimits.coordinatorFrameMaximum))
        guard bytes.count <= WireLimits.coordinatorFrameMaximum else {
            throw .tooLarge(bytes: bytes.count, maximum: WireLimits.coordinatorFrameMaximum)
        }
        return bytes
    }

    /// One frame toward the coordinator; throws ``WireError/tooLarge(bytes:maximum:)`` only.
    ///
    /// A hello's envelope has the version that the hello announces.
    public static func encode(_ message: AgentMessage) throws(WireError) -> [UInt8] {
        if case .report(let report) = message, let frame = FrequentFrames.encode(report) { return frame }
        return try encodeByLibrary(message)
    }

    static func encodeByLibrary(_ message: AgentMessage) throws(WireError) -> [UInt8] {
        var envelope = WireEnvelope()
        envelope.protocolVersion = protocolVersion
        switch message {
        case .hello(let hello):
            envelope.protocolVersion = hello.protocolVersion
            envelope.hello = WireHello(hello)
        case .report(let report): envelope.report = WireReport(report)
        case .heartbeat(let heartbeat): envelope.nodeHeartbeat = WireNodeHeartbeat(heartbeat)
        case .associations(let page): envelope.associations = WireAssociations(page)
        }
        return try frame(envelope, atMost: WireLimits.agentFrameMaximum)
    }

    /// Reads a frame that came from the coordinator.
    public static func coordinatorMessage(_ frame: [UInt8]) throws(WireError) -> CoordinatorMessage {
        if let order = FrequentFrames.order(frame) { return .order(order) }
        return try coordinatorMessageByLibrary(frame)
    }

    static func coordinatorMessageByLibrary(_ frame: [UInt8]) throws(WireError) -> CoordinatorMessage {
        let envelope = try envelope(frame, atMost: WireLimits.coordinatorFrameMaximum)
        switch envelope.payload {
        case .welcome(let welcome): return .welcome(try welcome.domain())
        case .offerShare(let share): return .offers(try share.domain())
        case .order(let order): return .order(try order.domain())
        case .inquiry(let inquiry): return .inquiry(Inquiry(id: inquiry.id, offset: inquiry.offset))
        case .heartbeat(let heartbeat):
            let clock = try WireFields.bounded(
                heartbeat.clockMicroseconds, WireLimits.coordinatorNumberMaximum, "heartbeat.clock")
            return .heartbeat(Instant(microseconds: clock))
        case .hello, .report, .nodeHeartbeat, .associations: throw .wrongDirection
        case nil: throw .missing(field: "payload")
        }
    }

    /// Reads a frame that came from an agent.
    public static func agentMessage(_ frame: [UInt8]) throws(WireError) -> AgentMessage {
        if let report = FrequentFrames.report(frame) { return .report(report) }
        return try agentMessageByLibrary(frame)
    }

    static func agentMessageByLibrary(_ frame: [UInt8]) throws(WireError) -> AgentMessage {
        let envelope = try envelope(frame, atMost: WireLimits.agentFrameMaximum)
        switch envelope.payload {
        case .hello(let hello): return .hello(try hello.domain(version: envelope.protocolVersion))
        case .report(let report): return .report(try report.domain())
        case .nodeHeartbeat(let heartbeat): return .heartbeat(try heartbeat.domain())
        case .associations(let page): return .associations(try page.domain())
        case .welcome, .offerShare, .order, .heartbeat, .inquiry: throw .wrongDirection
        case nil: throw .missing(field: "payload")
        }
    }

    private static func frame(_ envelope: WireEnvelope, atMost maximum: Int) throws(WireError) -> [UInt8] {
        do {
            let bytes: [UInt8] = try envelope.serializedBytes()
            guard bytes.count <= maximum else { throw WireError.tooLarge(bytes: bytes.count, maximum: maximum) }
            return bytes
        } catch let error as WireError {
            throw error
        } catch {
            // The library refuses messages over 2 GiB, and nothing else that this protocol has.
            throw .tooLarge(bytes: .max, maximum: maximum)
        }
    }

    /// Reads the version first, and the rest only where it is our own: another version's fields mean other things.
    private static func envelope(_ frame: [UInt8], atMost maximum: Int) throws(WireError) -> WireEnvelope {
        guard frame.count <= maximum else { throw .tooLarge(bytes: frame.count, maximum: maximum) }
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        guard let announced = try? WireEnvelopeVersion(serializedBytes: frame, options: options),
            announced.hasProtocolVersion
        else { throw .malformed }
        guard announced.protocolVersion == protocolVersion else {
            throw .unsupported(version: announced.protocolVersion)
        }
        guard let envelope = try? WireEnvelope(serializedBytes: frame, options: options) else { throw .malformed }
        return envelope
    }
}
