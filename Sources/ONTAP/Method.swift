/// The HTTP methods that ONTAP's REST knows.
public enum Method: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case options = "OPTIONS"
    case patch = "PATCH"

    /// Whether a body may come along.
    var takesBody: Bool { self == .patch }
}
