/// What was told last of something that is looked at again and again: once is enough.
struct Complaint {
    private var told = ""

    /// Nothing is wrong any more: the same would be news again.
    mutating func end() { told = "" }

    /// Whether this is news.
    mutating func isNew(_ reason: String) -> Bool {
        defer { told = reason }
        return told != reason
    }
}
