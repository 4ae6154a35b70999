/// Why a frame was not read, or a message not written. Names fields, never carries their content.
public enum WireError: Error, Hashable, Sendable {
    /// The frame is longer than its direction allows.
    case tooLarge(bytes: Int, maximum: Int)
    /// Not a Protocol Buffers envelope.
    case malformed
    /// An envelope of a protocol version that this build does not speak; no more than that was read.
    case unsupported(version: UInt32)
    /// A payload that never travels in this direction.
    case wrongDirection
    /// A field that every message has is not there.
    case missing(field: String)
    /// A field's value is outside what it can be.
    case invalid(field: String)
    /// A list is longer than its maximum.
    case tooMany(field: String, count: Int, maximum: Int)
    /// A list names one thing twice.
    case duplicate(field: String)
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLarge(let bytes, let maximum): "a frame of \(bytes) bytes, more than \(maximum)"
        case .malformed: "not an envelope"
        case .unsupported(let version): "protocol version \(version) is not spoken here"
        case .wrongDirection: "a payload that does not travel in this direction"
        case .missing(let field): "\(field) is missing"
        case .invalid(let field): "\(field) is out of range"
        case .tooMany(let field, let count, let maximum): "\(count) of \(field), more than \(maximum)"
        case .duplicate(let field): "\(field) names one thing twice"
        }
    }
}
