internal import ArgumentParser
internal import Foundation
internal import ONTAP

/// A list that is shown as a table, as blocks or as it came.
struct Listing {
    /// The path below `/api`, and what of each record is shown: label and dotted property.
    var path: String
    var columns: [(label: String, property: String)]

    func show(_ options: ConnectionOptions, filters: [(String, String?)] = []) async throws {
        let connection = try options.connect()
        let chosen = options.fields.flatMap { fields in
            fields == "*"
                ? nil
                : fields.split(separator: ",").map { name -> (label: String, property: String) in
                    let name = name.trimmingCharacters(in: .whitespaces)
                    return (name, name)
                }
        }
        let columns = chosen ?? columns
        var query = URLComponents()
        query.queryItems =
            [URLQueryItem(name: "fields", value: columns.map(\.property).joined(separator: ","))]
            + filters.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
        var next: String? = "/api\(path)?\(query.percentEncodedQuery ?? "")"
        var records: [JSONValue] = []
        while let page = next {
            let answer = try await connection.get(page)
            guard let body = try? JSONParser.parse(Array(answer.text.utf8)) else {
                throw Failure(status: Failure.unreachable, lines: ["what answered is no coordinator"])
            }
            if case .array(let page)? = body["records"] { records += page } else { records.append(body) }
            next = if case .string(let link)? = body.value(at: ["_links", "next", "href"]) { link } else { nil }
        }
        if options.isJSON {
            let whole: JSONValue =
                path.isList
                ? ["records": .array(records), "num_records": .integer(Int64(records.count))] : records.first ?? [:]
            print(whole.text(pretty: true))
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

    private static func text(_ record: JSONValue, _ path: String) -> String {
        text(record.value(at: path.split(separator: ".").map(String.init)))
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .string(let text): Terminal.plain(text)
        case .array(let list): list.map { text($0) }.joined(separator: ", ")
        case let value?: value.text(pretty: false)
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
