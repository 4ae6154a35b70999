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
    /// While edges may be protected, a node or an address that the configuration has no longer is a mistake: each peer
    /// would stop protecting the edges to it as it hears of that, one before the other, and send plaintext.
    public static func enrol(
        _ configuration: FleetConfiguration, in journal: any Journal
    ) async throws(JournalError) -> Enrolment {
        var state = try await journal.load()
        var entries: [JournalEntry] = []
        let ignored = configuration.members.map(\.name).filter { state.removed[$0] != nil }
        let members = configuration.members.filter { state.removed[$0.name] == nil }
        if let message = objection(to: members, state) ?? quarantine(of: members, state) {
            throw JournalError(operation: "enrol", message: message)
        }
        var greatest = state.numbers.values.max()?.rawValue ?? 0
        for member in members where state.numbers[member.name] == nil {
            guard let number = NodeNumber(greatest + 1) else {
                throw JournalError(operation: "enrol \(member.name)", message: "all 262143 node numbers were given out")
            }
            greatest = number.rawValue
            state.numbers[member.name] = number
            entries.append(.number(member.name, number))
        }
        for member in members where state.addresses[member.name] != member.addresses {
            state.addresses[member.name] = member.addresses
            entries.append(.addresses(member.name, member.addresses))
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

    /// Peers keep the edges to a quarantined address closed: a node that has it would neither join nor let anybody join it.
    private static func quarantine(of members: [FleetConfiguration.Member], _ state: JournalState) -> String? {
        for (removed, removal) in state.removed.sorted(by: { $0.key < $1.key }) {
            for member in members {
                guard let address = member.addresses.first(where: removal.quarantined.contains) else { continue }
                return
                    "\(address) of \(member.name) is quarantined since \(removed) was removed: take \(member.name) out of the configuration until DELETE /api/fleet/nodes/\(removed)?release=true has released it"
            }
        }
        return nil
    }

    /// Why these members cannot take the place of those that the journal knows, with what to do; `nil` where they can.
    private static func objection(to members: [FleetConfiguration.Member], _ state: JournalState) -> String? {
        guard let reason = state.reasonToStay else { return nil }
        let gone = Set(state.numbers.keys).subtracting(members.map(\.name)).subtracting(state.removed.keys)
        if let name = gone.min() {
            return
                "\(reason) and the configuration no longer lists \(name): put it back and remove it with DELETE /api/fleet/nodes/\(name)"
        }
        // How many members have an address of each family.
        var membersOfFamily: [Address.Family: Int] = [:]
        for family in members.flatMap({ Set($0.addresses.map(\.family)) }) { membersOfFamily[family, default: 0] += 1 }
        for member in members {
            let known = state.addresses[member.name] ?? []
            for family in Address.Family.allCases {
                // Of each family the first is the one that is protected.
                guard let old = known.first(where: { $0.family == family }),
                    member.addresses.first(where: { $0.family == family }) != old
                else { continue }
                return
                    "\(reason) and the configuration no longer gives \(member.name) the address \(old): put it back, and turn IPsec off before you change it, or remove the node with DELETE /api/fleet/nodes/\(member.name) and enrol it by another name"
            }
            // Its edges would be protected in one family and clear in the other.
            let added = member.addresses.first { address in
                !known.isEmpty && !known.contains { $0.family == address.family }
                    && membersOfFamily[address.family, default: 0] > 1
            }
            if let added {
                return
                    "\(reason) and the configuration gives \(member.name) \(added), of a family that its edges do not have yet: turn IPsec off before you add it"
            }
        }
        return nil
    }
}

extension JournalState {
    /// Why nodes and addresses cannot go, in words; `nil` where no edge is protected that the journal knows of.
    fileprivate var reasonToStay: String? {
        if desired { return "IPsec is on" }
        if open != nil { return "a rollout was under way when the coordinator ended" }
        return isBehind ? "the journal is older than the fleet" : nil
    }

    /// The addresses of removed nodes that are not released.
    var quarantined: [Address] { Array(Set(removed.values.flatMap(\.quarantined))).sorted() }
}
