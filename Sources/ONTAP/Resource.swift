/// What one path of the API serves: its properties, and how requests to it are read.
///
/// A resource describes; it holds no data. Records are handed to it when an answer is made.
public struct Resource: Hashable, Sendable {
    /// Which resource it is; the server looks up records by it.
    public enum Kind: Hashable, Sendable, CaseIterable {
        case ipsec
        case cluster
        case nodes
        case jobs
        case rollouts
        case fleetNodes
    }

    /// Whether the path names one thing, or a list of things with a key each.
    public enum Shape: Hashable, Sendable {
        case singleton
        /// The property that stands in a record's own path.
        case collection(key: String)
    }

    /// One property of a record.
    public struct Property: Hashable, Sendable {
        /// What a value is compared as.
        public enum Value: String, Hashable, Sendable {
            case text = "string"
            case number = "integer"
            case flag = "boolean"

            /// What may stand in a filter.
            var hint: String {
                switch self {
                case .text: "<text>"
                case .number: "<integer>"
                case .flag: "true, false"
                }
            }
        }

        public var name: String
        public var type: Value
        /// Of an object; empty for anything else.
        public var members: [Property]
        /// Whether a GET without `fields` shows it.
        public var isDefault: Bool
        /// Whether it is shown whatever `fields` says.
        public var isKey: Bool
        /// Whether a list can be ordered by it.
        public var isOrdered: Bool
        /// Whether a list can be filtered by it.
        public var isFiltered: Bool

        init(
            _ name: String, _ type: Value = .text, members: [Property] = [], isKey: Bool = false,
            isDefault: Bool = true,
            isOrdered: Bool = true, isFiltered: Bool = true
        ) {
            self.name = name
            self.type = type
            self.members = members
            self.isDefault = isDefault
            self.isKey = isKey
            self.isOrdered = isOrdered && members.isEmpty
            self.isFiltered = isFiltered && members.isEmpty
        }
    }

    public var kind: Kind
    /// Below `/api`, without a slash at the end.
    public var path: String
    public var shape: Shape
    /// What the path itself knows.
    public var methods = Method.reading
    /// What the path of one record knows, where there are records.
    public var recordMethods = Method.reading
    public var properties: [Property]

    /// The properties that a path of names leads to, `nil` where there is none; `_links` is everywhere.
    func property(_ names: [String]) -> Property? {
        if names.first == "_links" { return Property("_links", isOrdered: false, isFiltered: false) }
        var found: Property?
        var properties = properties
        for name in names {
            found = properties.first { $0.name == name }
            properties = found?.members ?? []
            if found == nil { return nil }
        }
        return found
    }
}

extension Resource {
    /// ONTAP's cluster-wide singleton.
    public static let ipsec = Resource(
        kind: .ipsec, path: "/security/ipsec", shape: .singleton, methods: Method.reading + [.patch],
        properties: [Property("enabled", .flag), Property("replay_window", .number)])

    /// What every ONTAP client asks first.
    public static let cluster = Resource(
        kind: .cluster, path: "/cluster", shape: .singleton,
        properties: [
            Property("name"), Property("uuid"),
            Property(
                "version",
                members: [
                    Property("full"), Property("generation", .number), Property("major", .number),
                    Property("minor", .number),
                ]),
        ])

    public static let nodes = Resource(
        kind: .nodes, path: "/cluster/nodes", shape: .collection(key: "uuid"),
        properties: [Property("uuid", isKey: true), Property("name", isKey: true), Property("state")])

    /// Changes that were not done within the time that a client waits.
    public static let jobs = Resource(
        kind: .jobs, path: "/cluster/jobs", shape: .collection(key: "uuid"),
        properties: [
            Property("uuid", isKey: true), Property("description"), Property("state"), Property("message"),
            Property("code", .number), Property("start_time"), Property("end_time"),
            Property(
                "error",
                members: [
                    Property("message"), Property("code"), Property("arguments", isOrdered: false, isFiltered: false),
                ]),
        ])

    /// Not ONTAP's: how each rollout goes or went.
    public static let rollouts = Resource(
        kind: .rollouts, path: "/fleet/rollouts", shape: .collection(key: "id"), methods: Method.reading + [.post],
        properties: [
            Property("id", .number, isKey: true), Property("kind"), Property("outcome"),
            Property("duration_microseconds", .number), Property("drain_microseconds", .number),
            Property("probe_microseconds", .number), Property("steps", isOrdered: false, isFiltered: false),
            Property("reasons", isOrdered: false, isFiltered: false),
        ])

    /// Not ONTAP's: what the fleet knows of each of its nodes.
    public static let fleetNodes = Resource(
        kind: .fleetNodes, path: "/fleet/nodes", shape: .collection(key: "name"),
        recordMethods: Method.reading + [.delete],
        properties: [
            Property("name", isKey: true), Property("number", .number), Property("state"), Property("rung"),
            Property("degraded", .flag), Property("problems", isOrdered: false),
            Property("join_microseconds", .number),
        ])

    public static let all = [ipsec, cluster, nodes, jobs, rollouts, fleetNodes]
}
