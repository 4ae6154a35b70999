/// What the body of `POST /fleet/rollouts` asks for.
public struct RolloutStart: Hashable, Sendable {
    /// What an operator may start.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case enable
        case disable
        case rotate
        case prepare
    }

    /// What to do about nodes that were silent before.
    public enum Absent: String, Hashable, Sendable, CaseIterable {
        case refuse
        case proceed
    }

    public var kind: Kind
    /// `nil` leaves it to the server's configuration.
    public var absent: Absent?

    init(kind: Kind, absent: Absent?) {
        self.kind = kind
        self.absent = absent
    }

    /// Reads the body: `kind` must be there, `absent` may.
    init(_ body: [UInt8]) throws(APIError) {
        var kind: Kind?
        for member in try JSONObject(body: body).members {
            switch member.name {
            case "kind": kind = try Self.word(member)
            case "absent": absent = try Self.word(member)
            default: throw .unexpectedArgument(member.name)
            }
        }
        guard let kind else { throw .valueRequired("kind") }
        self.kind = kind
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ member: JSONObject.Member
    ) throws(APIError) -> Word where Word.RawValue == String {
        guard case .string(let text) = member.value, let word = Word(rawValue: text) else {
            let hint = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badValue(member.value, field: member.name, hint: hint)
        }
        return word
    }
}
