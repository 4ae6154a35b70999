public import Fleet
internal import Ladder
internal import MeshKeys
internal import Ports
internal import Simulated
internal import XFRM

/// Something that must never happen, and did.
public struct Violation: Hashable, Sendable {
    public var moment: Fleet.Instant
    /// For people: what, and where.
    public var sentence: String
}

/// Watches every kernel of the fleet: the rule, the packets, the keys and what is not ours.
final class Checker {
    /// Which host's state toward which peer a change is about.
    private struct Place {
        var host: Int
        var peer: Int
        var family: Int
    }

    private struct KeyUse {
        var id: AssociationID
        var hosts: [Int]
    }

    private struct Destination: Hashable {
        var address: Address
        var spi: SPI
    }

    private(set) var violation: Violation?
    /// By host, then peer, then family.
    private(set) var sides: [[[PairSide]]]
    private var flows: [[[Flow]]]
    /// Whether the edge from a host to a peer neither sends nor takes clear packets.
    private(set) var isProtected: [[Bool]]
    private(set) var unprotectedCount: Int
    /// Hosts whose packets may be lost: down, or their network cut.
    private var isOffline: [Bool]
    /// Pairs one of whose kernels lost its state, until a rollout that knows of it has succeeded.
    private(set) var isForgiven: [[Bool]]
    /// What is sent by one host to another in one family and somebody else spoiled, until it is taken again.
    private var isDrifted: [[[Bool]]]
    /// Edges in which somebody else changed anything, until they stand on one rung.
    private var isSpoiled: [[Bool]]
    private var keys: [Int: KeyUse] = [:]
    private var spis: [Destination: Int] = [:]
    private let owners: [Address: (host: Int, family: Int)]
    private let names: [NodeName]
    private let now: () -> Fleet.Instant

    init(_ hosts: [FleetHost], scenario: Scenario, now: @escaping () -> Fleet.Instant) {
        let count = hosts.count
        let families = scenario.families.count
        var random = SeededGenerator(seed: scenario.seed, stream: .traffic)
        sides = Array(
            repeating: Array(repeating: Array(repeating: PairSide(), count: families), count: count), count: count)
        flows = (0..<count).map { _ in
            (0..<count).map { _ in
                (0..<families).map { _ in
                    let period = random.draw(500...3_000)
                    return Flow(
                        periodMicroseconds: period, offsetMicroseconds: random.draw(0...period), path: scenario.path,
                        salt: random.next())
                }
            }
        }
        isProtected = Array(repeating: Array(repeating: false, count: count), count: count)
        unprotectedCount = count * (count - 1)
        isOffline = Array(repeating: false, count: count)
        isForgiven = Array(repeating: Array(repeating: false, count: count), count: count)
        isSpoiled = isForgiven
        isDrifted = Array(
            repeating: Array(repeating: Array(repeating: false, count: families), count: count), count: count)
        var owners: [Address: (host: Int, family: Int)] = [:]
        for host in hosts {
            for (family, address) in host.node.addresses.enumerated() { owners[address] = (host.index, family) }
        }
        self.owners = owners
        names = hosts.map(\.name)
        self.now = now
    }

    func report(_ sentence: String, at moment: Fleet.Instant? = nil) {
        violation = violation ?? Violation(moment: moment ?? now(), sentence: sentence)
    }

    // MARK: Changes of kernels

    /// Performs a change on a host's kernel and looks at everything that it concerns.
    func perform(_ change: KernelChange, on host: FleetHost) -> KernelError? {
        let place = place(of: change.change, on: host.index)
        if let place { bringUp(place.host, place.peer) }
        noteForeign(change.change, on: host)
        let error = host.kernel.perform(change)
        guard error == nil else { return error }
        if case .addAssociation(let association, let key) = change { noteKey(key, of: association.id, on: host.index) }
        if let place {
            note(change, at: place)
            check(place.host, place.peer)
        }
        return nil
    }

    private func place(of change: Change, on host: Int) -> Place? {
        let (source, destination, direction): (Address, Address, Direction?) =
            switch change {
            case .addAssociation(let association): (association.id.source, association.id.destination, nil)
            case .deleteAssociation(let id): (id.source, id.destination, nil)
            case .addPolicy(let policy), .updatePolicy(let policy):
                (policy.id.selector.source.address, policy.id.selector.destination.address, policy.id.direction)
            case .deletePolicy(let id):
                (id.selector.source.address, id.selector.destination.address, id.direction)
            }
        guard let from = owners[source], let to = owners[destination], from.host != to.host else { return nil }
        let isOutward = direction.map { $0 == .out } ?? (from.host == host)
        return Place(host: host, peer: isOutward ? to.host : from.host, family: from.family)
    }

    private func note(_ change: KernelChange, at place: Place) {
        var side = sides[place.host][place.peer][place.family]
        switch change {
        case .addAssociation(let association, let key):
            let isInbound = owners[association.id.destination]?.host == place.host
            side.note(association.id.spi, isInbound: isInbound, key: key.fingerprint)
        case .deleteAssociation(let id):
            side.note(id.spi, isInbound: owners[id.destination]?.host == place.host, key: nil)
        case .addPolicy(let policy), .updatePolicy(let policy):
            guard case .protect(let template) = policy.action, Ownership.owns(policy) else { break }
            if policy.priority == Ownership.trialPriority {
                if policy.id.direction == .out { side.trial = template.spi }
            } else {
                side.note(policy.id.direction, template)
            }
        case .deletePolicy(let id):
            if id.selector == .pair(from: id.selector.source.address, to: id.selector.destination.address) {
                side.note(id.direction, nil)
            } else if id.direction == .out {
                side.trial = nil
            }
        }
        sides[place.host][place.peer][place.family] = side
        noteProtection(place.host, place.peer)
    }

    private func noteProtection(_ host: Int, _ peer: Int) {
        let now = sides[host][peer].allSatisfy(\.isProtected)
        if now != isProtected[host][peer] { unprotectedCount += now ? -1 : 1 }
        isProtected[host][peer] = now
    }

    private func noteForeign(_ change: Change, on host: FleetHost) {
        let foreign: ForeignObject? =
            switch change {
            case .addAssociation, .addPolicy: nil // Refused with EEXIST where something foreign stands.
            case .deleteAssociation(let id):
                host.kernel[id].flatMap { Ownership.owns($0) ? nil : .association($0) }
            case .updatePolicy(let policy): host.kernel[policy.id].flatMap { Ownership.owns($0) ? nil : .policy($0) }
            case .deletePolicy(let id): host.kernel[id].flatMap { Ownership.owns($0) ? nil : .policy($0) }
            }
        if let foreign { report("\(host.name) touched what is not its own: \(foreign)") }
    }

    private func noteKey(_ key: Secret, of id: AssociationID, on host: Int) {
        let fingerprint = key.fingerprint
        if var use = keys[fingerprint] {
            if use.id != id { report("one key was installed for \(use.id) and for \(id)") }
            if use.hosts.contains(host) { report("\(names[host]) installed the key of \(id) twice") }
            use.hosts.append(host)
            keys[fingerprint] = use
        } else {
            keys[fingerprint] = KeyUse(id: id, hosts: [host])
        }
        let known = spis.updateValue(fingerprint, forKey: Destination(address: id.destination, spi: id.spi))
        if let known, known != fingerprint { report("\(id) came again with another key") }
    }

    // MARK: Hosts

    /// Whether a host's packets may be lost from now on.
    func setOffline(_ host: Int, _ offline: Bool) {
        for peer in sides.indices where peer != host { bringUp(host, peer) }
        isOffline[host] = offline
    }

    /// The host's kernel has lost everything of ours.
    func forget(_ host: Int) {
        for peer in sides.indices where peer != host {
            bringUp(host, peer)
            isForgiven[host][peer] = true
            isForgiven[peer][host] = true
            sides[host][peer] = sides[host][peer].map { _ in PairSide() }
            noteProtection(host, peer)
        }
    }

    /// Somebody else changes a kernel: what that breaks is nobody's fault until it is mended.
    func disturb(_ host: Int, _ change: Change) {
        guard let place = place(of: change, on: host) else { return }
        bringUp(place.host, place.peer)
        isSpoiled[place.host][place.peer] = true
        switch change {
        case .deleteAssociation(let id):
            let isInbound = owners[id.destination]?.host == host
            if isInbound {
                isDrifted[place.peer][place.host][place.family] = true
            } else {
                isDrifted[place.host][place.peer][place.family] = true
            }
            sides[place.host][place.peer][place.family].note(id.spi, isInbound: isInbound, key: nil)
        case .deletePolicy(let id):
            // Without an inbound policy more is taken than should be, not less.
            if id.direction == .out { isDrifted[place.host][place.peer][place.family] = true }
            sides[place.host][place.peer][place.family].note(id.direction, nil)
        case .addAssociation, .addPolicy, .updatePolicy: break
        }
        noteProtection(place.host, place.peer)
    }

    /// What is sent is taken again, and so would be what other SAs that stand could send.
    private func isMended(_ from: Int, _ to: Int, _ family: Int) -> Bool {
        let (here, there) = (sides[from][to][family], sides[to][from][family])
        return there.takes(here.form) && here.outbound.count == there.inbound.count
            && here.outbound.allSatisfy(there.inbound.contains)
    }

    /// A probe from one host's address to another's, at this moment.
    func probe(_ own: Address, _ peer: Address) -> Bool {
        guard let from = owners[own], let to = owners[peer], from.family == to.family,
            !isOffline[from.host], !isOffline[to.host]
        else { return false }
        let here = sides[from.host][to.host][from.family]
        let there = sides[to.host][from.host][from.family]
        return here.probeReaches(there) && there.probeReaches(here)
    }

    /// A rollout that knew of the loss has succeeded: the pair counts again.
    func expectAgain(_ host: Int, _ peer: Int) {
        bringUp(host, peer)
        isForgiven[host][peer] = false
        isForgiven[peer][host] = false
        check(host, peer)
    }

    // MARK: Pairs

    /// Brings the packets between two hosts up to now.
    private func bringUp(_ one: Int, _ other: Int) {
        for (from, to) in [(one, other), (other, one)] {
            for family in sides[from][to].indices {
                let loss = flows[from][to][family].advance(
                    to: now(), from: sides[from][to][family], to: sides[to][from][family],
                    isExcused: isExcused(one, other) || isDrifted[from][to][family])
                if let loss {
                    report(
                        "packet \(loss.number) from \(names[from]) to \(names[to]), \(loss.form), sent at \(loss.sent), was lost",
                        at: loss.lost)
                }
            }
        }
    }

    func bringUpAll() {
        for one in sides.indices { for other in sides.indices where one < other { bringUp(one, other) } }
    }

    private func isDrifted(_ host: Int, _ peer: Int) -> Bool {
        isSpoiled[host][peer] || isDrifted[host][peer].contains(true) || isDrifted[peer][host].contains(true)
    }

    private func isExcused(_ one: Int, _ other: Int) -> Bool {
        isOffline[one] || isOffline[other] || isForgiven[one][other]
    }

    /// The ladder's rule, and a packet each way that is sent at this moment over a path without delay.
    private func check(_ one: Int, _ other: Int) {
        for (host, peer) in [(one, other), (other, one)] where isSpoiled[host][peer] {
            isSpoiled[host][peer] = !sides[host][peer].allSatisfy { $0.rungs.low == $0.rungs.high }
        }
        if isForgiven[one][other] { return }
        for (from, to) in [(one, other), (other, one)] {
            for family in sides[from][to].indices {
                if isDrifted[from][to][family], isMended(from, to, family) { isDrifted[from][to][family] = false }
                if !isDrifted[from][to][family] { check(from, to, family) }
            }
        }
    }

    private func check(_ from: Int, _ to: Int, _ family: Int) {
        let (here, there) = (sides[from][to][family], sides[to][from][family])
        if here.isClosed { return }
        // Clause 1, whatever the network does: what is sent with is held by the other.
        if case .association = here.out, !there.takes(here.form) {
            report("the rule is broken: \(names[from]) sends \(here.form), which its peer does not hold")
        }
        if isOffline[from] || isOffline[to] || there.isClosed { return }
        if !there.takes(here.form) { report("\(names[to]) does not take \(here.form) from \(names[from])") }
    }

    /// All edges' rungs where they are on one rung in every family, by host and peer.
    func isUniform(at rung: Rung) -> Bool {
        sides.indices.allSatisfy { host in
            sides.indices.allSatisfy { peer in
                host == peer
                    || sides[host][peer].allSatisfy { $0.rungs == (rung, rung) && (rung == .clear || $0.hasOneSet) }
            }
        }
    }

    /// The first pair whose kernels kept their state and one of whose edges is not as it should be, in words.
    func firstPair(where isWrong: (PairSide) -> Bool) -> String? {
        for host in sides.indices {
            for peer in sides.indices
            where host != peer && !isForgiven[host][peer] && !isOffline[host] && !isDrifted(host, peer) {
                if let wrong = sides[host][peer].first(where: isWrong) {
                    return "\(names[host])→\(names[peer]) stands at \(wrong.rungs)"
                }
            }
        }
        return nil
    }

    /// All packets of the fleet together.
    var packets: Flow.Count {
        var total = Flow.Count()
        for flow in flows.flatMap(\.self).flatMap(\.self) {
            total.sent += flow.count.sent
            total.delivered += flow.count.delivered
            total.excused += flow.count.excused
        }
        return total
    }
}
