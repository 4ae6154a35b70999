/// One page of a list, filled record by record: whoever makes records stops when it takes no more.
public struct Page: Sendable {
    /// The most records that are put in order: what a server can hold and sort while somebody waits.
    public static let sortedMaximum = 20_000

    private let call: Call
    private var matched = 0
    /// The records of the page, or all that match where they are to be put in order.
    private var kept: [JSONObject] = []
    private var hasMore = false

    public init(_ call: Call) { self.call = call }

    /// Takes a record that the filter lets through; answers whether more may change the page.
    public mutating func offer(_ record: JSONObject) throws(APIError) -> Bool {
        let query = call.query
        guard query.filter.matches(record) else { return true }
        matched += 1
        if query.returnRecords == false { return true }
        guard query.order == .natural else {
            guard matched <= Self.sortedMaximum else { throw .tooManyToOrder(maximum: Self.sortedMaximum) }
            kept.append(record)
            return true
        }
        if matched <= query.offset { return true }
        guard kept.count < query.maxRecords else {
            hasMore = true
            return false
        }
        kept.append(record)
        return true
    }

    /// The body of the answer.
    var body: JSONObject {
        let query = call.query
        guard query.returnRecords != false else { return ["num_records": .integer(Int64(matched))] }
        var page = kept
        var hasMore = hasMore
        if query.order != .natural {
            page = Array(query.order.sorted(kept).dropFirst(query.offset).prefix(query.maxRecords))
            hasMore = query.offset + page.count < kept.count && !page.isEmpty
        }
        var body: JSONObject = [
            "records": .array(page.map { .object(Answer.shown($0, call)) }),
            "num_records": .integer(Int64(page.count)),
        ]
        let links = Link.links(of: call, next: hasMore ? query.offset + page.count : nil)
        if !links.members.isEmpty { body["_links"] = .object(links) }
        return body
    }
}
