public import Fleet
internal import MeshKeys
public import Ports

/// Makes the roster from the configuration and what the journal remembers of it.
public struct Enrolment: Sendable {
    public let state: JournalState
    public let roster: Roster
    public let version: RosterVersion

    /// Gives new names numbers that no name ever had, journals what is new, and answers the fleet as it is now.
    public static func enrol(
        _ configuration: FleetConfiguration, in journal: any Journal
    ) async throws(JournalError) -> Enrolment {
        var state = try await journal.load()
        var entries: [JournalEntry] = []
        for member in configuration.members where state.numbers[member.name] == nil {
            let greatest = state.numbers.values.max()?.rawValue ?? 0
            guard let number = NodeNumber(greatest + 1) else {
                throw JournalError(operation: "enrol \(member.name)", message: "all 262143 node numbers were given out")
            }
            state.numbers[member.name] = number
            entries.append(.number(member.name, number))
        }
        var nodes: [NodeNumber: Node] = [:]
        for member in configuration.members {
            guard let number = state.numbers[member.name] else { continue }
            nodes[number] = Node(
                number: number, name: member.name, addresses: member.addresses, identityKey: member.identityKey)
        }
        var roster = Roster(
            epoch: state.epoch, fleetID: state.fleetID, sequence: state.roster?.sequence ?? 1, nodes: nodes,
            bypass: configuration.bypass)
        if let known = state.roster, known.digest != Digest(of: roster) { roster.sequence += 1 }
        let version = RosterVersion(sequence: roster.sequence, digest: Digest(of: roster))
        if state.roster != version { entries.append(.roster(version)) }
        state.roster = version
        if !entries.isEmpty { try await journal.record(entries) }
        return Enrolment(state: state, roster: roster, version: version)
    }
}
