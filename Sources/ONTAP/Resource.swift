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
        case accounts
        case roles
        case associations
        case rollouts
        case fleetNodes
        case edges
        case events
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
            case list = "array"

            /// What may stand in a filter.
            var hint: String {
                switch self {
                case .text, .list: "<text>"
                case .number: "<integer>"
                case .flag: "true, false"
                }
            }
        }

        public var name: String
        /// What it means, and its unit.
        public var about: String
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

        /// The values that a text has, where there are few.
        public var values: [String]

        init(
            _ name: String, _ about: String, _ type: Value = .text, values: [String] = [], members: [Property] = [],
            isKey: Bool = false, isDefault: Bool = true, isOrdered: Bool? = nil, isFiltered: Bool? = nil
        ) {
            self.name = name
            self.about = about
            self.type = type
            self.values = values
            self.members = members
            self.isDefault = isDefault
            self.isKey = isKey
            self.isOrdered = isOrdered ?? (members.isEmpty && type != .list)
            self.isFiltered = isFiltered ?? (members.isEmpty && type != .list)
        }
    }

    public var kind: Kind
    /// What it is, in a sentence.
    public var about: String
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
        if names.first == "_links" { return Property("_links", "links", isOrdered: false, isFiltered: false) }
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
        kind: .ipsec, about: "IPsec between all nodes of the fleet.", path: "/security/ipsec", shape: .singleton,
        methods: Method.reading + [.patch],
        properties: [
            Property(
                "enabled", "Whether no edge is known to carry or take clear traffic, by what the kernels say.", .flag),
            Property(
                "replay_window", "Anti-replay window of every SA in packets, as a string; 0 for none.", .number,
                values: IPsecRecord.replayWindows.map { "\($0)" }),
        ])

    /// What every ONTAP client asks first.
    public static let cluster = Resource(
        kind: .cluster, about: "The fleet as a cluster.", path: "/cluster", shape: .singleton,
        properties: [
            Property("name", "The fleet's name."), Property("uuid", "The fleet's UUID."),
            Property(
                "version", "The version of ONTAP whose interface this is.",
                members: [
                    Property("full", "For people."), Property("generation", "9.", .number),
                    Property("major", "8.", .number), Property("minor", "0.", .number),
                ]),
        ])

    public static let nodes = Resource(
        kind: .nodes, about: "The fleet's nodes.", path: "/cluster/nodes", shape: .collection(key: "uuid"),
        properties: [
            Property("uuid", "The node's UUID.", isKey: true), Property("name", "The node's name.", isKey: true),
            Property("state", "Whether its agent is heard from.", values: ["up", "down"]),
        ])

    /// Changes that were not done within the time that a client waits.
    public static let jobs = Resource(
        kind: .jobs, about: "Changes that were not done within return_timeout; kept 300 s after their end.",
        path: "/cluster/jobs", shape: .collection(key: "uuid"),
        properties: [
            Property("uuid", "The job's UUID.", isKey: true), Property("description", "Method and path."),
            Property("state", "How it goes.", values: ["running", "success", "failure"]),
            Property("message", "The state, or why it failed."),
            Property("code", "0, or the error's code.", .number),
            Property("start_time", "ISO 8601, UTC."), Property("end_time", "ISO 8601, UTC; not there while it runs."),
            Property(
                "error", "Why it failed.",
                members: [
                    Property("message", "A sentence."), Property("code", "Digits."),
                    Property("arguments", "A reason each, the node first.", .list),
                ]),
        ])

    /// The SAs that the nodes' kernels hold, read when they are asked for.
    public static let associations = Resource(
        kind: .associations,
        about:
            "The SAs in the nodes' kernels, one record for both directions between two addresses. Nodes that do not answer "
            + "within two seconds are left out.",
        path: "/security/ipsec/security-associations", shape: .collection(key: "uuid"),
        properties: [
            Property("uuid", "Made of the node, the addresses and the SPIs.", isKey: true),
            Property("type", "ipsec.", values: ["ipsec"]),
            Property("cipher_suite", "AES-256-GCM.", values: ["suiteb_gcm256"]),
            Property(
                "node", "Whose kernel holds them.",
                members: [Property("uuid", "The node's UUID."), Property("name", "The node's name.")]),
            Property("local_address", "The node's own address."), Property("remote_address", "Its peer's address."),
            Property("policy_name", "testudo: every pair of nodes."), Property("scope", "cluster."),
            Property(
                "ipsec", "Transport mode.",
                members: [
                    Property("action", "esp_transport."),
                    Property(
                        "state", "INSTALLED where the node sends with it; INSTALLING where it stands beside another."),
                    Property("inbound", "From the peer.", members: traffic),
                    Property("outbound", "To the peer.", members: traffic),
                ]),
        ])

    private static let traffic = [
        Property("security_parameter_index", "The SPI, eight hexadecimal digits."),
        Property("bytes", "Taken or sent since it was installed.", .number),
        Property("packets", "Taken or sent since it was installed.", .number),
    ]

    /// Who may use the API. Accounts are made on the coordinator's host.
    public static let accounts = Resource(
        kind: .accounts, about: "Who may use the API; accounts are made with testudo-coordinator account.",
        path: "/security/accounts", shape: .collection(key: "name"),
        properties: [
            Property("name", "The account's name.", isKey: true),
            Property("role", "What it may do.", members: [Property("name", "The role's name.")]),
            Property("scope", "cluster."), Property("locked", "false.", .flag),
        ])

    public static let roles = Resource(
        kind: .roles, about: "What accounts may do.", path: "/security/roles", shape: .collection(key: "name"),
        properties: [
            Property("name", "The role's name.", isKey: true), Property("scope", "cluster."),
            Property("builtin", "true.", .flag), Property("privileges", "Paths and access.", .list),
        ])

    /// Not ONTAP's: how each rollout goes or went.
    public static let rollouts = Resource(
        kind: .rollouts,
        about:
            "The newest rollouts. A record asked for with Accept: text/event-stream is sent again at each change until it ends.",
        path: "/fleet/rollouts", shape: .collection(key: "id"), methods: Method.reading + [.post],
        properties: [
            Property("id", "Grows by one a rollout.", .number, isKey: true),
            Property(
                "kind", "What it is for.", values: ["enable", "disable", "rotate", "prepare", "converge", "leave"]),
            Property("outcome", "How it goes.", values: ["running", "success", "failure"]),
            Property("duration_microseconds", "From the call to the outcome.", .number),
            Property("drain_microseconds", "The part of it that was waited on purpose.", .number),
            Property("probe_microseconds", "The greatest round trip of a probe.", .number),
            Property("steps", "Name and microseconds of each step that has ended.", .list),
            Property(
                "progress", "The step under way; not there once the rollout has ended.",
                members: [
                    Property("step", "Its name."), Property("nodes", "That are to answer; 0 in the drain.", .number),
                    Property("nodes_done", "That have answered.", .number),
                ]),
            Property("reasons", "Why it failed: node and message of each.", .list),
        ])

    /// Not ONTAP's: what the fleet knows of each of its nodes.
    public static let fleetNodes = Resource(
        kind: .fleetNodes, about: "What is known of each node, removed ones in quarantine included.",
        path: "/fleet/nodes", shape: .collection(key: "name"), recordMethods: Method.reading + [.delete],
        properties: [
            Property("name", "The node's name.", isKey: true), Property("number", "Never given again.", .number),
            Property("state", "Whether it is heard from.", values: ["up", "down", "quarantined"]),
            Property("rung", "The lowest rung of its edges.", values: rungs),
            Property("degraded", "Whether there are problems.", .flag),
            Property("problems", "Sentences to act on.", .list, isFiltered: true),
            Property("join_microseconds", "From its agent's first word to protected, the last time.", .number),
        ])

    /// Not ONTAP's: every ordered pair of nodes.
    public static let edges = Resource(
        kind: .edges, about: "Where each edge stands, by its node's last read-back.", path: "/fleet/edges",
        shape: .collection(key: "id"),
        properties: [
            Property("id", "Node and peer with a colon between.", isKey: true),
            Property("node", "Whose kernel it is.", members: [Property("name", "The node's name.")]),
            Property("peer", "The other end.", members: [Property("name", "The node's name.")]),
            Property("rung", "What both address families have reached.", values: rungs),
            Property("opposite_rung", "The same of the edge from the peer to the node.", values: rungs),
            Property("is_whole", "Whether it stands on one rung with one set of SAs.", .flag),
            Property("sets", "The offer sets whose SAs it holds.", .list),
        ])

    /// Not ONTAP's: what happened lately.
    public static let events = Resource(
        kind: .events, about: "What happened lately, oldest first; the newest 1024.", path: "/fleet/events",
        shape: .collection(key: "id"),
        properties: [
            Property("id", "Grows by one an event, from 1 at the coordinator's start.", .number, isKey: true),
            Property("time", "ISO 8601, UTC."),
            Property("level", "How grave it is.", values: ["info", "notice", "warning", "error", "critical"]),
            Property("message", "What happened."),
            Property("node", "Whose it is.", members: [Property("name", "The node's name.")]),
            Property("details", "Names and values, as in the log."),
        ])

    private static let rungs = ["clear", "accept", "send", "enforce", "closed"]

    public static let all = [
        ipsec, cluster, nodes, jobs, associations, accounts, roles, rollouts, fleetNodes, edges, events,
    ]
}
