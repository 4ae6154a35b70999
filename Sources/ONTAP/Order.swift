/// How a list is ordered: what the `order_by` parameter asks for.
public struct Order: Hashable, Sendable {
    struct Key: Hashable {
        var path: [String]
        var isDescending: Bool
    }

    /// More keys than that order nothing further.
    static let keysMaximum = 16

    var keys: [Key]

    /// Nothing was asked for: the resource's own order.
    static let natural = Order(keys: [])

    private init(keys: [Key]) { self.keys = keys }

    /// Reads a comma list of `name [asc|desc]`; on a singleton it means nothing and is checked all the same.
    init(_ text: String, of resource: Resource) throws(APIError) {
        keys = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = item.split(separator: " ")
            guard let name = words.first, words.count <= 2, keys.count < Self.keysMaximum else {
                throw .badQueryValue(text, field: "order_by", hint: "<field [asc|desc],...>")
            }
            let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard let property = resource.property(path), property.isOrdered else { throw .notOrderable(String(name)) }
            switch words.dropFirst().first {
            case nil, "asc": keys.append(Key(path: path, isDescending: false))
            case "desc": keys.append(Key(path: path, isDescending: true))
            default: throw .badQueryValue(text, field: "order_by", hint: "<field [asc|desc],...>")
            }
        }
    }

    /// The records in this order; those that no key tells apart stay as they were.
    func sorted(_ records: [JSONObject]) -> [JSONObject] {
        guard !keys.isEmpty else { return records }
        return records.enumerated().sorted { left, right in
            for key in keys {
                let first = JSONValue.object(left.element).value(at: key.path)
                let second = JSONValue.object(right.element).value(at: key.path)
                if Self.precedes(first, second) { return !key.isDescending }
                if Self.precedes(second, first) { return key.isDescending }
            }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// Numbers by size, text by its scalars, `false` before `true`; what is not set comes first.
    private static func precedes(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left < right
        case (.string(let left), .string(let right)):
            left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
        case (.bool(let left), .bool(let right)): !left && right
        case (nil, .some), (.null, .some): right != .null
        default: false
        }
    }
}
