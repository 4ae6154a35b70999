/// Which properties an answer shows: what the `fields` parameter asks for.
public struct FieldSelection: Hashable, Sendable {
    private enum Base: Hashable, Sendable {
        /// Nothing was asked for: the resource's default properties.
        case standard
        /// `*` or `**`: every property. The two differ on resources with expensive ones; there are none here.
        case all
        /// These paths of names, and keys besides.
        case some(Set<[String]>)
    }

    private var base: Base
    /// Paths that are left out whatever else was asked for; keys are not.
    private var excluded: Set<[String]> = []

    /// Nothing was asked for.
    static let standard = FieldSelection(base: .standard)

    private init(base: Base) { self.base = base }

    /// Reads all values of `fields`: comma lists, dots for members, an object's name for all its members,
    /// `object.{a,b}` for some, `!` in front of what is left out.
    ///
    /// An empty value means the default properties, as `na_ontap_rest_info` sends it.
    /// - Parameter ignoresUnknown: skips names that the resource lacks instead of refusing them.
    init(_ values: [String], of resource: Resource, ignoresUnknown: Bool) throws(APIError) {
        var paths: Set<[String]> = []
        var hasStar = false
        for value in values {
            for text in try Self.items(of: value) {
                if text == "*" || text == "**" {
                    hasStar = true
                    continue
                }
                let isExcluded = text.hasPrefix("!")
                let name = isExcluded ? String(text.dropFirst()) : text
                let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
                if resource.property(path) == nil {
                    if ignoresUnknown { continue }
                    throw .badQueryValue(name, field: "fields", hint: "<field,...>")
                }
                if isExcluded { excluded.insert(path) } else { paths.insert(path) }
            }
        }
        // Where every name was skipped, the default: a singleton's answer is never an empty object.
        base = hasStar ? .all : paths.isEmpty ? .standard : .some(paths)
    }

    /// More names than any resource has many times over.
    private static let itemsMaximum = 512

    /// The names of a list, groups written out.
    private static func items(of list: String) throws(APIError) -> [String] {
        var items: [String] = []
        var prefix: String?
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            var text = part.trimmed
            if let opening = text.firstIndex(of: "{") {
                let name = text[..<opening]
                guard prefix == nil, name.isEmpty || name.hasSuffix(".") || name == "!" else { throw .bracesInFields }
                prefix = String(name)
                text = String(text[text.index(after: opening)...]).trimmed
            }
            let closes = text.hasSuffix("}")
            if closes { text = String(text.dropLast()).trimmed }
            guard !text.contains("{"), !text.contains("}"), !closes || prefix != nil else { throw .bracesInFields }
            if !text.isEmpty { items.append((prefix ?? "") + text) }
            guard items.count <= itemsMaximum else {
                throw .badQueryValue("…", field: "fields", hint: "at most \(itemsMaximum) names")
            }
            if closes { prefix = nil }
        }
        guard prefix == nil else { throw .bracesInFields }
        return items
    }

    /// The part of a record that is shown; links are put on afterwards.
    func apply(to record: JSONObject, of resource: Resource) -> JSONObject {
        let shown =
            switch base {
            case .all: record
            case .standard:
                Self.keep(record, resource.properties) { property, value in
                    property.isKey || property.isDefault ? value : nil
                }
            case .some(let paths): Self.keep(record, resource.properties, below: [], paths)
            }
        return excluded.isEmpty ? shown : Self.drop(shown, resource.properties, below: [], excluded)
    }

    private static func drop(
        _ record: JSONObject, _ properties: [Resource.Property], below prefix: [String], _ paths: Set<[String]>
    ) -> JSONObject {
        keep(record, properties) { property, value in
            let path = prefix + [property.name]
            if property.isKey { return value }
            if paths.contains(path) { return nil }
            guard case .object(let inner) = value, !property.members.isEmpty else { return value }
            return .object(drop(inner, property.members, below: path, paths))
        }
    }

    private static func keep(
        _ record: JSONObject, _ properties: [Resource.Property], below prefix: [String], _ paths: Set<[String]>
    ) -> JSONObject {
        keep(record, properties) { property, value in
            let path = prefix + [property.name]
            if property.isKey || paths.contains(path) { return value }
            guard paths.contains(where: { $0.starts(with: path) }), case .object(let inner) = value else { return nil }
            return .object(keep(inner, property.members, below: path, paths))
        }
    }

    private static func keep(
        _ record: JSONObject, _ properties: [Resource.Property], _ part: (Resource.Property, JSONValue) -> JSONValue?
    ) -> JSONObject {
        JSONObject(
            distinct: record.members.compactMap { member in
                guard let property = properties.first(where: { $0.name == member.name }),
                    let value = part(property, member.value)
                else { return nil }
                return JSONObject.Member(member.name, value)
            })
    }
}

extension StringProtocol {
    /// Without spaces at either end.
    var trimmed: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
