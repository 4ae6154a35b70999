/// The HTTP methods that ONTAP's REST knows.
public enum Method: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case options = "OPTIONS"
    case post = "POST"
    case delete = "DELETE"
    case patch = "PATCH"

    /// What every path knows.
    static let reading: [Method] = [.get, .head, .options]

    /// Whether a request with it is meant to change something.
    public var isChange: Bool {
        switch self {
        case .get, .head, .options: false
        case .post, .delete, .patch: true
        }
    }

    /// Whether a body may come along.
    var takesBody: Bool { self == .post || self == .patch }
}
