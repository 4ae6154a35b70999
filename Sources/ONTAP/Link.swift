/// The links of answers (`_links`).
enum Link {
    /// The path of a record of its own, or of a singleton; keys are UUIDs, numbers and names of nodes, which need no escapes.
    static func path(of record: JSONObject, in resource: Resource) -> String {
        switch resource.shape {
        case .singleton: "/api\(resource.path)"
        case .collection(let key): "/api\(resource.path)/\(record[key]?.keyText ?? "")"
        }
    }

    /// The links of a list: to itself as it was asked for, and to the next page if there is one.
    ///
    /// The link to the next page is there whatever the `Accept` header says: clients page by it.
    static func links(of call: Call, next: Int?) -> JSONObject {
        var links = JSONObject()
        if call.representation.hasLinks { links["self"] = ["href": .string(call.target)] }
        if let next { links["next"] = ["href": .string(advanced(call.target, offset: next))] }
        return links
    }

    /// The same request, from this record on.
    private static func advanced(_ target: String, offset: Int) -> String {
        let (path, text) = Request.cut(target)
        let query = text.split(separator: "&").filter { part in
            let name = part.utf8.prefix { $0 != UInt8(ascii: "=") }
            return (try? QueryText.decoded(name, isForm: true)) != "offset"
        }
        return "\(path)?" + (query.map(String.init) + ["offset=\(offset)"]).joined(separator: "&")
    }
}
