/// What the body of `PATCH /security/ipsec` asks for.
struct IPsecChange: Hashable {
    var enabled: Bool?

    /// Reads the body: `enabled` is a boolean; `_links` is allowed, since ONTAP's schema lists it, and means nothing.
    ///
    /// No member at all changes nothing: Python's library sends `{}` whenever nothing was set.
    init(_ body: [UInt8]) throws(APIError) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(body)
        } catch {
            throw .json(error)
        }
        guard case .object(let object) = value else { throw .bodyIsNoObject }
        for member in object.members {
            switch member.name {
            case "enabled":
                guard case .bool(let enabled) = member.value else {
                    throw .badValue(member.value, field: "enabled", hint: "true, false")
                }
                self.enabled = enabled
            // ONTAP takes dotted keys for objects.
            case let name where name == "_links" || name.hasPrefix("_links."): break
            default: throw .unexpectedArgument(member.name)
            }
        }
    }
}
