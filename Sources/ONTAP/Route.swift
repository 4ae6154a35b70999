/// A path of the API, resolved.
public struct Route: Hashable, Sendable {
    public var resource: Resource
    /// The key in the path of one record of a collection.
    public var key: String?

    /// Each resource under the segments of its path.
    private static let table = Resource.all.map { ($0.path.split(separator: "/").map(String.init), $0) }

    /// A path of a resource, whatever its key.
    init(_ resource: Resource, key: String?) {
        self.resource = resource
        self.key = key
    }

    /// What most requests name, as they name it.
    private static let plain = Dictionary(
        uniqueKeysWithValues: Resource.all.map { ("/api\($0.path)", Route($0, key: nil)) })

    /// Finds what a path names, below `/api` and below `/api/v1` alike; one slash at the end is forgiven.
    public init(path: String) throws(APIError) {
        if let route = Self.plain[path] {
            self = route
            return
        }
        guard path.utf8.first == UInt8(ascii: "/") else { throw .unknownPath }
        var segments: [String] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            guard let segment = try? QueryText.decoded(part, isForm: false) else { throw .unknownPath }
            segments.append(segment)
        }
        if segments.last == "" { segments.removeLast() }
        guard segments.first == "api" else { throw .unknownPath }
        segments.removeFirst()
        if segments.first == "v1" { segments.removeFirst() }
        for (own, resource) in Self.table where segments.starts(with: own) {
            let rest = segments.dropFirst(own.count)
            if rest.isEmpty {
                self.resource = resource
                return
            }
            if case .collection = resource.shape, rest.count == 1, let key = rest.first, !key.isEmpty {
                self.resource = resource
                self.key = key
                return
            }
        }
        throw .unknownPath
    }

    /// The methods that the path knows.
    public var methods: [Method] { key == nil ? resource.methods : resource.recordMethods }

    /// Whether the answer is a list.
    var isCollection: Bool {
        switch resource.shape {
        case .singleton: false
        case .collection: key == nil
        }
    }
}
