public import Fleet
internal import MeshKeys
public import Ports

/// Makes the roster from the configuration and what the journal remembers of it.
public struct Enrolment: Sendable {
    public let state: JournalState
    public let roster: Roster
    public let version: RosterVersion
    /// Members of the configuration that were removed by a call: they are no nodes any more.
    public let ignored: [NodeName]

    /// Gives new names numbers that no name ever had, journals what is new, and answers the fleet as it is now.
    ///
    /// While IPsec is on, a node that the configuration lists no longer is a mistake: its peers would stop protecting
    /// the edges to it. It is removed by a call, which brings the edges down first.
    public static func enrol(
        _ configuration: FleetConfiguration, in journal: any Journal
    ) async throws(JournalError) -> Enrolment {
        var state = try await journal.load()
        var entries: [JournalEntry] = []
        let ignored = configuration.members.map(\.name).filter { state.removed[$0] != nil }
        let members = configuration.members.filter { state.removed[$0.name] == nil }
        let gone = Set(state.numbers.keys).subtracting(members.map(\.name)).subtracting(state.removed.keys)
        if state.desired, let name = gone.min() {
            throw JournalError(
                operation: "enrol",
                message:
                    "IPsec is on and the configuration no longer lists \(name): put it back and remove it with DELETE /api/fleet/nodes/\(name)"
            )
        }
        for member in members where state.numbers[member.name] == nil {
            let greatest = state.numbers.values.max()?.rawValue ?? 0
            guard let number = NodeNumber(greatest + 1) else {
                throw JournalError(operation: "enrol \(member.name)", message: "all 262143 node numbers were given out")
            }
            state.numbers[member.name] = number
            entries.append(.number(member.name, number))
        }
        var nodes: [NodeNumber: Node] = [:]
        for member in members {
            guard let number = state.numbers[member.name] else { continue }
            nodes[number] = Node(
                number: number, name: member.name, addresses: member.addresses, identityKey: member.identityKey)
        }
        var roster = Roster(
            epoch: state.epoch, fleetID: state.fleetID, sequence: state.roster?.sequence ?? 1, nodes: nodes,
            quarantined: state.quarantined, bypass: configuration.bypass, probePort: configuration.probePort)
        if let known = state.roster, known.digest != Digest(of: roster) { roster.sequence += 1 }
        let version = RosterVersion(of: roster)
        if state.roster != version { entries.append(.roster(version)) }
        state.roster = version
        if !entries.isEmpty { try await journal.record(entries) }
        return Enrolment(state: state, roster: roster, version: version, ignored: ignored)
    }
}

extension JournalState {
    /// The addresses of removed nodes that are not released.
    var quarantined: [Address] { Array(Set(removed.values.flatMap(\.quarantined))).sorted() }
}
