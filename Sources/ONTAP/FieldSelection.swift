/// Which properties an answer shows: what the `fields` parameter asks for.
public enum FieldSelection: Hashable, Sendable {
    /// Nothing was asked for: the resource's default properties.
    case standard
    /// `*` or `**`: every property. The two differ on resources with expensive ones; there are none here.
    case all
    /// These paths of names, and keys besides.
    case some(Set<[String]>)

    /// Reads all values of `fields`: comma lists, dots for members, an object's name for all its members.
    ///
    /// An empty value means the default properties, as `na_ontap_rest_info` sends it.
    /// - Parameter ignoresUnknown: skips names that the resource lacks instead of refusing them.
    init(_ values: [String], of resource: Resource, ignoresUnknown: Bool) throws(APIError) {
        var paths: Set<[String]> = []
        var hasStar = false
        for value in values {
            if value.contains("{") || value.contains("}") { throw .bracesInFields }
            for item in value.split(separator: ",") {
                let text = item.trimmed
                if text.isEmpty { continue }
                if text == "*" || text == "**" {
                    hasStar = true
                    continue
                }
                let path = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
                if resource.property(path) != nil {
                    paths.insert(path)
                } else if !ignoresUnknown {
                    throw .badQueryValue(text, field: "fields", hint: "<field,...>")
                }
            }
        }
        // Where every name was skipped, the default: a singleton's answer is never an empty object.
        self = hasStar ? .all : paths.isEmpty ? .standard : .some(paths)
    }

    /// The part of a record that is shown; links are put on afterwards.
    func apply(to record: JSONObject, of resource: Resource) -> JSONObject {
        switch self {
        case .all: record
        case .standard:
            Self.keep(record, resource.properties) { property, value in
                property.isKey || property.isDefault ? value : nil
            }
        case .some(let paths): Self.keep(record, resource.properties, below: [], paths)
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
