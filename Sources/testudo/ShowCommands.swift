internal import ArgumentParser
internal import Foundation
internal import ONTAP

/// A list that is shown as a table, as blocks or as it came.
struct Listing {
    /// The path below `/api`, and what of each record is shown: label and dotted property.
    var path: String
    var columns: [(label: String, property: String)]

    /// More pages cost little more.
    private static let pageRecords = 1_000

    func show(_ options: ConnectionOptions, filters: [(String, String?)] = []) async throws {
        let chosen = options.fields?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let fields = chosen ?? (options.isJSON ? ["*"] : columns.map(\.property))
        var query = URLComponents()
        query.queryItems =
            [URLQueryItem(name: "fields", value: fields.joined(separator: ","))]
            + (path.isList ? [URLQueryItem(name: "max_records", value: "\(Self.pageRecords)")] : [])
            + filters.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
        let first = "/api\(path)?\(query.percentEncodedQuery ?? "")"
        let records = try await options.connected { connection in
            var next: String? = first
            var records: [JSONValue] = []
            while let page = next {
                let body = try await connection.get(page)
                if case .array(let page)? = body["records"] { records += page } else { records.append(body) }
                next = body.value(at: ["_links", "next", "href"])?.string
            }
            return records
        }
        // What `*`, a group or a pattern has shown is known now.
        let columns =
            chosen == nil
            ? columns
            : records.reduce(into: []) { names, record in
                for name in Self.properties(record) where !names.contains(name) { names.append(name) }
            }.map { ($0, $0) }
        if options.isJSON {
            let whole: JSONValue =
                path.isList
                ? ["records": .array(records), "num_records": .integer(Int64(records.count))] : records.first ?? [:]
            print(Terminal.json(whole))
        } else if options.isInstance || !path.isList {
            print(
                records.map { record in Terminal.block(columns.map { ($0.label, Self.text(record, $0.property)) }) }
                    .joined(separator: "\n\n"))
        } else {
            print(
                Terminal.table(
                    columns.map(\.label), records.map { record in columns.map { Self.text(record, $0.property) } }))
        }
    }

    /// The dotted names of a record's properties, without its links.
    private static func properties(_ record: JSONValue) -> [String] {
        guard case .object(let object) = record else { return [] }
        return object.members.filter { $0.name != "_links" }.flatMap { member in
            let below = properties(member.value)
            return below.isEmpty ? [member.name] : below.map { "\(member.name).\($0)" }
        }
    }

    private static func text(_ record: JSONValue, _ path: String) -> String {
        text(record.value(at: path.split(separator: ".").map(String.init)))
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .string(let text): Terminal.plain(text)
        case .array(let list): list.map { text($0) }.joined(separator: ", ")
        case let value?: Terminal.plain(value.text(pretty: false))
        }
    }
}

extension String {
    /// Whether a path names a list: all that are shown but ONTAP's singletons do.
    fileprivate var isList: Bool { self != "/security/ipsec" && self != "/cluster" }
}

struct ShowConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows whether IPsec is on.")
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/security/ipsec",
            columns: [("IPsec Enabled", "enabled"), ("Replay Window Size", "replay_window")]
        ).show(options)
    }
}

struct ShowAssociations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show-ipsecsa", abstract: "Shows the SAs in the nodes' kernels.")
    @Option(name: .both("node"), help: "Of this node alone.")
    var node: String?
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/security/ipsec/security-associations",
            columns: [
                ("Node", "node.name"), ("Local Address", "local_address"), ("Remote Address", "remote_address"),
                ("Inbound SPI", "ipsec.inbound.security_parameter_index"),
                ("Outbound SPI", "ipsec.outbound.security_parameter_index"), ("State", "ipsec.state"),
            ]
        ).show(options, filters: [("node.name", node)])
    }
}

struct ShowCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows every node.")
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/fleet/nodes",
            columns: [
                ("Node", "name"), ("State", "state"), ("Rung", "rung"), ("Degraded", "degraded"),
                ("Problems", "problems"),
            ]
        ).show(options)
    }
}

struct ShowJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows changes and how they went.")
    @Option(name: .both("id"), help: "This job alone.")
    var id: String?
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/cluster/jobs",
            columns: [("Job", "uuid"), ("Description", "description"), ("State", "state"), ("Message", "message")]
        ).show(options, filters: [("uuid", id)])
    }
}

struct ShowEdges: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "edges", abstract: "Shows where each edge stands.")
    @Option(name: .both("node"), help: "Of this node alone.")
    var node: String?
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/fleet/edges",
            columns: [
                ("Node", "node.name"), ("Peer", "peer.name"), ("Rung", "rung"), ("Opposite", "opposite_rung"),
                ("Whole", "is_whole"),
            ]
        ).show(options, filters: [("node.name", node)])
    }
}

struct ShowRollouts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rollouts", abstract: "Shows the newest rollouts.")
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/fleet/rollouts",
            columns: [
                ("Rollout", "id"), ("Kind", "kind"), ("Outcome", "outcome"), ("Microseconds", "duration_microseconds"),
                ("Drain", "drain_microseconds"),
            ]
        ).show(options)
    }
}

struct ShowEvents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "events", abstract: "Shows what happened lately.")
    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        try await Listing(
            path: "/fleet/events",
            columns: [
                ("Time", "time"), ("Level", "level"), ("Node", "node.name"), ("Event", "message"),
                ("Details", "details"),
            ]
        ).show(options)
    }
}
