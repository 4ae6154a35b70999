/// What the body of `PATCH /security/ipsec` asks for; `nil` leaves a property as it is.
public struct IPsecChange: Hashable, Sendable {
    public var enabled: Bool?
    /// In packets, one of ``IPsecRecord/replayWindows``.
    public var replayWindow: UInt32?

    /// Whether nothing is to change: Python's library sends `{}` whenever nothing was set.
    public var isEmpty: Bool { enabled == nil && replayWindow == nil }

    /// Reads the body; `_links` is allowed, since ONTAP's schema lists it, and means nothing.
    init(_ body: [UInt8]) throws(APIError) {
        for member in try JSONObject(body: body).members {
            switch member.name {
            case "enabled":
                guard case .bool(let enabled) = member.value else {
                    throw .badValue(member.value, field: member.name, hint: "true, false")
                }
                self.enabled = enabled
            case "replay_window": replayWindow = try Self.window(member)
            // ONTAP takes dotted keys for objects.
            case let name where name == "_links" || name.hasPrefix("_links."): break
            default: throw .unexpectedArgument(member.name)
            }
        }
    }

    /// A number, as Python's library sends it, or the same digits as text, as Ansible's module does.
    private static func window(_ member: JSONObject.Member) throws(APIError) -> UInt32 {
        let window = IPsecRecord.replayWindows.first { window in
            member.value == .integer(Int64(window)) || member.value == .string("\(window)")
        }
        guard let window else {
            let hint = IPsecRecord.replayWindows.map { "\($0)" }.joined(separator: ", ")
            throw .badValue(member.value, field: member.name, hint: hint)
        }
        return window
    }
}

extension JSONObject {
    /// Reads a request's body, which must be one object.
    init(body: [UInt8]) throws(APIError) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(body)
        } catch {
            throw .json(error)
        }
        guard case .object(let object) = value else { throw .bodyIsNoObject }
        self = object
    }
}
