internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports
internal import XFRM

/// A roster that contradicts what this node's operator pinned. It is answered about, so that the coordinator hears why
/// nothing goes on, and not followed: edges stand as the roster before it has them.
struct RefusedRoster {
    var roster: Roster
    /// What it says of this node.
    var own: Node
    var objection: String
}

/// Who the peers are.
extension NodeAgent {
    /// The coordinator said who this node is and who its peers are.
    func join(_ welcome: Welcome) async {
        coordinatorClock.note(welcome.clock, arrivedAt: clock.now())
        // A welcome without a roster is for the one that the hello named.
        if let roster = welcome.roster { held = (roster, RosterVersion(of: roster)) }
        guard let (told, version) = held else {
            logger.error("a welcome without a roster, and none is held")
            return
        }
        unwelcomedBeats = nil
        guard let node = told.nodes[welcome.number] else {
            logger.error("the roster does not have this node", metadata: ["number": "\(welcome.number)"])
            return
        }
        heartbeatMilliseconds = max(100, UInt64(welcome.heartbeatMilliseconds))
        // Orders are for the roster that the coordinator has, also where all of them are refused.
        ladder.welcome(epoch: told.epoch, roster: version)
        let guarded = await guardedAddresses()
        if let objection = rules.objection(to: told, own: welcome.number, shielded: guarded) {
            logger.error("roster contradicts a pin: not followed", metadata: ["reason": "\(objection)"])
            refused = RefusedRoster(roster: told, own: node, objection: objection)
        } else {
            refused = nil
            if roster != told || own != node { await follow(told, as: node) }
        }
        await beat()
    }

    private func follow(_ next: Roster, as node: Node) async {
        let earlier = Dictionary(uniqueKeysWithValues: peers.map { ($0.number, pairs(with: $0)) })
        roster = next
        own = node
        neighbourhood = Neighbourhood(next, own: node)
        lastLook = nil
        logger.info(
            "welcomed",
            metadata: ["node": "\(node.name)", "number": "\(node.number)", "peers": "\(next.nodes.count - 1)"])
        // What was meant for an address is not meant for another one: an edge to that climbs from where it stands.
        intent.keep(Set(peers.filter { earlier[$0.number] == pairs(with: $0) }.map(\.number)))
        do throws(KernelError) {
            let look = try await look()
            intent.adopt(look.standing, among: peers)
            intent.bypass.formUnion(look.index.bypassIDs)
        } catch {
            logger.error("kernel not read", metadata: ["error": "\(error)"])
        }
    }

    /// Where the edges stand that the coordinator speaks of: those of its roster, also of one that is not followed.
    func reported(_ look: Look) -> Standing {
        guard let refused else { return look.standing }
        let theirs = Neighbourhood(refused.roster, own: refused.own)
        return Standing(
            theirs.peers.map { peer in
                (
                    peer.number,
                    self.state(of: peer, EdgeReading.read(look.index, pairs: theirs.pairs[peer.number] ?? []))
                )
            })
    }
}
