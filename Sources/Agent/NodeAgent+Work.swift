internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports
internal import XFRM

/// What orders come down to: reading the kernel, making offers, changing the kernel, probing.
extension NodeAgent {
    /// How it went, `nil` where it goes on beside other events and is answered by ``Event/probed(_:)``.
    func perform(_ work: NodeLadder.Work) async -> NodeLadder.Performance? {
        if case .probe = work {} else { await endProbing() }
        if let refused, work != .observe {
            let refusal = Refusal(cause: .forbidden, message: refused.objection)
            return .init(refusals: [refusal], standing: await observe().standing)
        }
        switch work {
        case .observe: return .init(standing: await observe().standing)
        case .preflight: return await preflight()
        case .offer(let set): return await makeOffer(for: set)
        case .move(let rule, let fresh): return await move(rule, fresh: fresh)
        case .probe(let probe): return await beginProbing(probe)
        }
    }

    /// What a look at the kernel says.
    struct Observation {
        var standing: Standing?
        var packets: UInt64 = 0
        /// Sentences an operator must act on.
        var problems: [String] = []
    }

    /// Where every edge stands, and what an operator must act on. What drifted is put right as far as it may be.
    func observe() async -> Observation {
        var observation = Observation()
        if let lacking = support.lacking { observation.problems.append("the kernel lacks IPsec: \(lacking)") }
        do {
            let look = try await repairedLook()
            observation.standing = reported(look)
            observation.packets = look.packets
            observation.problems += problems(in: look) + (await hostProblems())
        } catch {
            logger.error("kernel not read", metadata: ["error": "\(error)"])
            observation.problems.append("the kernel's XFRM state cannot be read: \(error)")
        }
        return observation
    }

    private func preflight() async -> NodeLadder.Performance {
        var refusals: [Refusal] = []
        do throws(KernelError) {
            if support.lacking != nil { support = try await kernel.support() }
            if let lacking = support.lacking { refusals.append(Refusal(cause: .unsupported, message: lacking)) }
            let look = try await look()
            for peer in peers where pairs(with: peer).isEmpty {
                refusals.append(Refusal(cause: .host, peer: peer.number, message: "no address family in common"))
            }
            refusals += foreign(in: look).map { Refusal(cause: .foreign, message: "\($0)") }
            refusals += try await kernel.obstacles().map { Refusal(cause: .host, message: $0) }
            refusals += missingAddresses(await currentFacts()).map { Refusal(cause: .host, message: $0) }
            return .init(refusals: limited(refusals), standing: look.standing)
        } catch {
            refusals.append(Refusal(cause: .kernel, message: "\(error)"))
            return .init(refusals: limited(refusals), standing: nil)
        }
    }
}

/// Probing. It takes as long as the slowest echo, and goes on beside everything else.
extension NodeAgent {
    /// What is asked beside the event loop, and what the answers are made into.
    struct Round: Sendable {
        var targets: [ProbeTarget]
    }

    /// Opens a session, and leaves it to ``run()`` to ask the peers with a greater number; those with a lower one ask
    /// this node. Answers `nil` where there is somebody to ask.
    func beginProbing(_ probe: Order.Probe) async -> NodeLadder.Performance? {
        do {
            let look = try await lookWithTrials()
            var answered: [Address] = []
            var ends: Set<Address> = []
            var asked: [ProbeTarget] = []
            for place in look.edges.indices {
                let number = peers[place].number
                for pair in look.edges[place].reading.pairs where pair.trial != nil || pair.pinned != nil {
                    answered.append(pair.peer)
                    ends.insert(pair.own)
                    let isAsked = probe.scope == .trial ? pair.trial != nil : pair.pinned != nil
                    guard isAsked, let own, number > own.number else { continue }
                    asked.append(ProbeTarget(peer: number, own: pair.own, address: pair.peer))
                }
            }
            guard let roster, !answered.isEmpty else { return .init(standing: look.standing) }
            isProbing = true
            try await self.probe.open(
                ProbeSession(
                    nonce: probe.nonce, port: roster.probePort, own: ends.sorted(),
                    peers: answered.count == neighbourhood.addresses.count ? neighbourhood.addresses : Set(answered)))
            if asked.isEmpty { return .init(standing: look.standing) }
            round = Round(targets: asked)
            return nil
        } catch {
            return .init(refusals: [Refusal(cause: .path, message: "\(error)")], standing: nil)
        }
    }

    /// A look after edges at `accept` have their policies for probes, also those that a refused change left without.
    private func lookWithTrials() async throws(KernelError) -> Look {
        let look = try await currentLook()
        var wants: [EdgeWant] = []
        for place in look.edges.indices where look.edges[place].reading.lacksTrial {
            wants.append(
                EdgeWant(
                    peer: peers[place].number, pairs: pairs(with: peers[place]), rung: .accept,
                    probePort: roster?.probePort ?? Roster.defaultProbePort))
        }
        if wants.isEmpty { return look }
        let changes = Plan.changes(have: look.index, wants: wants, bypass: bypass)
        for refusal in try await apply(changes, keys: [:]) {
            logger.warning("no policy for probes", metadata: ["kernel": "\(refusal.message)"])
        }
        return try await self.look(look, after: changes, toward: wants.map(\.peer))
    }

    /// The answers are there.
    func endRound(_ results: [ProbeResult]) async -> NodeLadder.Performance {
        fragmentLosers = Set(results.filter(\.losesFragments).map(\.target.peer))
        let greatest = results.compactMap { result -> UInt64? in
            if case .echoed(let microseconds) = result.verdict { microseconds } else { nil }
        }.max()
        return .init(
            refusals: limited(results.compactMap(refusal)), standing: try? await currentLook().standing,
            probeMicroseconds: greatest)
    }

    private func refusal(_ result: ProbeResult) -> Refusal? {
        let message: String
        switch result.verdict {
        case .echoed: return nil
        case .silent:
            message =
                "no echo through ESP from \(result.target.own) to \(result.target.address): protocol 50 is dropped on the way, or the keys differ"
        case .tooLarge(let bytes):
            message =
                "ESP packets of \(bytes) bytes from \(result.target.own) to \(result.target.address) are lost: the path's MTU is smaller than the interface's"
        case .unsent(let words): message = "a probe could not be sent to \(result.target.address): \(words)"
        }
        return Refusal(cause: .path, peer: result.target.peer, message: message)
    }

    func endProbing() async {
        guard isProbing else { return }
        isProbing = false
        await probe.close()
    }
}
