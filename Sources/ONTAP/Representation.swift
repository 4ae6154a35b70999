/// How an answer looks: what the `Accept` header asks for.
public enum Representation: String, Hashable, Sendable {
    /// With links.
    case hal = "application/hal+json"
    /// Without links, but for that to the next page.
    case plain = "application/json"

    /// A header longer than this is not looked at further.
    private static let rangesMaximum = 32

    /// Chooses by ONTAP's rule: `application/json` alone turns links off; anything else, `*/*` included, is HAL.
    ///
    /// Of the two, the one that the client weighs more, or names first.
    public init(accept: String?) {
        var chosen: (representation: Representation, weight: Double)?
        for range in (accept ?? "").split(separator: ",").prefix(Self.rangesMaximum) {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let name = parts.first, let representation = Representation(rawValue: name) else { continue }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
            let weight = quality.map { Double($0) ?? 0 } ?? 1
            if weight > (chosen?.weight ?? 0) { chosen = (representation, weight) }
        }
        self = chosen?.representation ?? .hal
    }

    var hasLinks: Bool { self == .hal }
}
