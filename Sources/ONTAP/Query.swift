/// The query of one request, typed and checked against its resource.
public struct Query: Hashable, Sendable {
    /// What the reference allows for `max_records`.
    public static let recordsMaximum = 10_000
    /// Seconds that a client may ask to wait.
    public static let returnTimeouts: ClosedRange<Int64> = 0...120

    public var fields = FieldSelection.standard
    public var order = Order.natural
    public var filter = Filter.everything
    public var maxRecords = Query.recordsMaximum
    public var offset = 0
    /// Asked of a change or refused to a GET; `nil` leaves it to the method's default.
    public var returnRecords: Bool?
    /// Seconds after which a change that is not done is answered with a job; `nil` leaves it to the server. A GET never waits.
    public var returnTimeout: Int64?
    public var isPretty = true
    /// Asked of a DELETE of a fleet's node: free its addresses, it was removed before.
    public var isRelease = false

    /// Reads the query of a request.
    ///
    /// A parameter may be given once, `fields` and filters as often as one likes. A property's name as a parameter of a GET is
    /// a filter; of a change it would choose what is changed, and is refused.
    init(_ text: QueryText, of route: Route, method: Method) throws(APIError) {
        // All as it is without a word: what most requests ask for.
        if text.items.isEmpty { return }
        var fields: [String] = []
        var ignoresUnknown = false
        var seen: Set<String> = []
        let known = Self.parameters(of: route, method: method)
        for item in text.items {
            let name = Self.aliases[item.name] ?? item.name
            guard let parameter = Parameter(rawValue: name), known.contains(parameter) else {
                let path = item.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
                guard let property = route.resource.property(path) else { throw .unexpectedArgument(item.name) }
                guard property.isFiltered, method == .get || method == .head else { throw .notQueryable(item.name) }
                try filter.require(property, at: path, item.value)
                continue
            }
            guard parameter == .fields || seen.insert(name).inserted else { throw .givenTwice(item.name) }
            switch parameter {
            // One thing is changed at a time: there is nothing to go on with, and nothing to put in a row.
            case .continueOnFailure, .serialRecords: _ = try Self.boolean(item)
            case .fields: fields.append(item.value)
            case .ignoreUnknownFields: ignoresUnknown = try Self.boolean(item)
            case .maxRecords: maxRecords = Int(try Self.integer(item, 1...Int64(Self.recordsMaximum)))
            case .offset: offset = Int(try Self.integer(item, 0...Int64(Int32.max)))
            case .orderBy: order = try Order(item.value, of: route.resource)
            case .pretty: isPretty = try Self.boolean(item)
            case .release: isRelease = try Self.boolean(item)
            case .returnRecords: returnRecords = try Self.boolean(item)
            case .returnTimeout: returnTimeout = try Self.integer(item, Self.returnTimeouts)
            }
        }
        // `fields` is read last: `ignore_unknown_fields` may stand behind it.
        self.fields = try FieldSelection(fields, of: route.resource, ignoresUnknown: ignoresUnknown)
    }

    private static let aliases = ["$orderBy": Parameter.orderBy.rawValue]

    private enum Parameter: String, CaseIterable {
        case continueOnFailure = "continue_on_failure"
        case fields
        case ignoreUnknownFields = "ignore_unknown_fields"
        case maxRecords = "max_records"
        case offset
        case orderBy = "order_by"
        case pretty
        case release
        case returnRecords = "return_records"
        case returnTimeout = "return_timeout"
        case serialRecords = "serial_records"
    }

    /// The parameters that a request may have, as they are written.
    static func names(of route: Route, method: Method) -> [String] {
        parameters(of: route, method: method).map(\.rawValue).sorted()
    }

    /// Every parameter: its name, its schema and what it means.
    static let described: [(name: String, schema: JSONObject, about: String)] = Parameter.allCases.map { parameter in
        let flag: JSONObject = ["type": "boolean"]
        func number(_ range: ClosedRange<Int64>) -> JSONObject {
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        }
        let (schema, about): (JSONObject, String) =
            switch parameter {
            case .continueOnFailure: (flag, "Accepted; one thing is changed at a time.")
            case .fields: (["type": "string"], "What is shown: names, groups.{a,b}, !name, * or **.")
            case .ignoreUnknownFields: (flag, "Names in fields that are unknown are skipped.")
            case .maxRecords: (number(1...Int64(recordsMaximum)), "The most records of a page.")
            case .offset: (number(0...Int64(Int32.max)), "How many records of a list are passed over.")
            case .orderBy: (["type": "string"], "name [asc|desc], several with commas; also $orderBy.")
            case .pretty: (flag, "Whether the answer is indented.")
            case .release: (flag, "Ends the quarantine of a node that was removed.")
            case .returnRecords: (flag, "false: only how many there are.")
            case .returnTimeout: (number(returnTimeouts), "Seconds after which a change is answered with a job.")
            case .serialRecords: (flag, "Accepted; one thing is changed at a time.")
            }
        return (parameter.rawValue, schema, about)
    }

    private static func parameters(of route: Route, method: Method) -> Set<Parameter> {
        switch method {
        case .get, .head:
            return [
                .fields, .ignoreUnknownFields, .maxRecords, .offset, .orderBy, .pretty, .returnRecords, .returnTimeout,
            ]
        case .post, .delete, .patch:
            let all: Set<Parameter> = [
                .continueOnFailure, .ignoreUnknownFields, .pretty, .returnRecords, .returnTimeout, .serialRecords,
            ]
            return method == .delete && route.resource.kind == .fleetNodes ? all.union([.release]) : all
        case .options: return [.pretty]
        }
    }

    /// `true` and `false`, and Python's `True` and `False`.
    private static func boolean(_ item: QueryText.Item) throws(APIError) -> Bool {
        switch item.value {
        case "true", "True": true
        case "false", "False": false
        default: throw .badQueryValue(item.value, field: item.name, hint: "true, false")
        }
    }

    private static func integer(_ item: QueryText.Item, _ range: ClosedRange<Int64>) throws(APIError) -> Int64 {
        let isPlain = !item.value.isEmpty && item.value.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isPlain, let value = Int64(item.value), range.contains(value) else {
            throw .badQueryValue(item.value, field: item.name, hint: "\(range.lowerBound)..\(range.upperBound)")
        }
        return value
    }
}
