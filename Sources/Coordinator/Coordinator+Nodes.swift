internal import Fleet
internal import Ladder
internal import Logging
internal import Ports

/// What nodes say, and what they are told outside a rollout.
extension Coordinator {
    /// What is left to do of a message and may have to wait.
    enum Remainder {
        case hello(Hello, from: NodeNumber)
        case heartbeat(NodeHeartbeat, from: NodeNumber)
        /// What a report brought about; `since` is where its node stood before it.
        case effects([Rollout.Effect], of: NodeNumber, since: Standing?)
    }

    /// Takes one message in, without waiting: nearly all reports leave nothing to wait for, and an asynchronous call for each costs
    /// too.
    func receive(_ event: CoordinatorBusEvent) -> Remainder? {
        switch event {
        case .unsupported(let version, let node):
            guard roster.nodes[node] != nil else { return nil }
            if protocols.updateValue(version, forKey: node) != version, passes(.otherProtocol, node) {
                logger.warning(
                    "agent of another protocol", metadata: ["node": "\(name(node))", "protocol": "\(version)"])
            }
            return nil
        case .message(let message, let node):
            // A node that was removed may still be connected: nobody listens to it.
            guard roster.nodes[node] != nil else { return nil }
            switch message {
            case .hello(let hello): return .hello(hello, from: node)
            case .heartbeat(let heartbeat): return .heartbeat(heartbeat, from: node)
            case .report(let report): return take(report, from: node)
            case .associations(let page):
                take(page, from: node)
                return nil
            }
        }
    }

    func finish(_ remainder: Remainder) async {
        switch remainder {
        case .hello(let hello, let node): await greet(hello, from: node)
        case .heartbeat(let heartbeat, let node): await take(heartbeat, from: node)
        case .effects(let effects, let node, let known):
            await perform(effects)
            noteJoin(of: node)
            await compareStanding(of: node)
            show(node, since: known)
        }
    }

    private func take(_ report: Report, from node: NodeNumber) -> Remainder? {
        let known = standing(of: node)
        hear(node, known)
        if case .stale(let newest) = report.verdict { outgrow(newest.generation, saidBy: node) }
        if report.offer != nil { spares.note(nil, of: node, sequence: report.sequence) }
        var effects: [Rollout.Effect] = []
        // In place: a copy of the machine for each report would cost the fleet's size each time.
        if let brought = rollout?.machine.receive(report, from: node, at: clock.now()) {
            checkpoint.reach("received \(stepName)")
            effects = brought
        } else {
            fleet.note(node, sequence: report.sequence, accepted: nil, standing: report.standing)
            converging.noteNews()
        }
        // Only these may have to wait: effects, and `compareStanding(of:)`.
        if !effects.isEmpty || knowledge.strangers.contains(node) {
            return .effects(effects, of: node, since: known)
        }
        noteJoin(of: node)
        show(node, since: known)
        return nil
    }

    private func show(_ node: NodeNumber, since known: Standing?) {
        // `enabled` is false from the read-back that shows less.
        let standing = standing(of: node)
        if standing != known { publish(node, at: standing) }
    }

    private func take(_ heartbeat: NodeHeartbeat, from node: NodeNumber) async {
        if problems.updateValue(heartbeat.problems, forKey: node) != heartbeat.problems, passes(.problems, node) {
            for problem in heartbeat.problems {
                logger.warning("node is degraded", metadata: ["node": "\(name(node))", "problem": "\(problem)"])
            }
        }
        rotating.note(heartbeat.packets, sentBy: node)
        // One that came before the hello was told to another coordinator, which may have named it.
        if incarnations[node] != nil { spares.note(heartbeat.spare, of: node, sequence: heartbeat.sequence) }
        let known = standing(of: node)
        if rollout == nil {
            fleet.note(heartbeat, from: node)
        } else {
            rollout?.machine.heard(heartbeat, from: node)
        }
        await compare(heartbeat, from: node)
        let standing = standing(of: node)
        let isNews = standing != known
        if isNews { converging.noteNews() }
        hear(node, standing)
        if isNews { publish(node) }
        noteJoin(of: node)
        await goOn()
    }

    func standing(of node: NodeNumber) -> Standing? { current.nodes[node]?.standing }

    private func greet(_ hello: Hello, from node: NodeNumber) async {
        protocols[node] = hello.protocolVersion
        // Also one of another journal: its sets may still stand in kernels, and no number may name two of them.
        outgrow(hello.newest, saidBy: node)
        await compare(hello, from: node)
        let isNewProcess = incarnations.updateValue(hello.incarnation, forKey: node) != hello.incarnation
        if passes(.hello, node) {
            logger.info(
                "agent says hello",
                metadata: ["node": "\(name(node))", "isNewProcess": "\(isNewProcess)", "newest": "\(hello.newest)"])
        }
        if isNewProcess { joins.begin(node, at: clock.now()) }
        spares.forget(node)
        await welcome([node], hasRoster: hello.roster == version)
        if let old = bootIDs.updateValue(hello.bootID, forKey: node), old != hello.bootID {
            if passes(.reboot, node) {
                logger.warning(
                    "node was rebooted: its kernel has forgotten everything", metadata: ["node": "\(name(node))"])
            }
            if rollout == nil { fleet.rebooted(node) } else { rollout?.machine.rebooted(node) }
            publish()
        }
        converging.noteNews()
        if let effects = rollout?.machine.joined(node, isNewProcess: isNewProcess) {
            await perform(effects)
        } else if isNewProcess {
            fleet.restarted(node)
        }
    }

    /// - Parameter hasRoster: whether they said that they hold this roster: after a restart of the coordinator a whole fleet
    ///   does, and rosters are N² bytes in all.
    func welcome(_ nodes: [NodeNumber], hasRoster: Bool = false) async {
        let deliveries = nodes.map { node in
            Delivery(
                .welcome(
                    Welcome(
                        number: node, roster: hasRoster ? nil : roster, clock: clock.now(),
                        heartbeatMilliseconds: UInt32(clamping: presence.heartbeatMilliseconds))),
                to: [node])
        }
        await bus.send(deliveries)
    }

    /// A sign of life to all, and a look at who has fallen silent.
    func beat() async {
        for node in presence.expire(at: clock.now()) {
            logger.warning("node fell silent", metadata: ["node": "\(name(node))"])
            converging.noteNews()
        }
        if !numbers.isEmpty { await bus.send([Delivery(.heartbeat(clock.now()), to: numbers)]) }
        publish()
        noteJoins()
        await goOn()
    }

    /// A node is present from its first read-back on.
    private func hear(_ node: NodeNumber, _ standing: Standing?) {
        guard standing != nil else { return }
        guard presence.hear(node, at: clock.now()) else { return }
        logger.info(
            "node present", metadata: ["node": "\(name(node))", "present": "\(presence.count) of \(numbers.count)"])
        converging.noteNews()
        publish(node)
    }

    /// A journal restored from a backup must not order the past: the agents' generation wins.
    private func outgrow(_ heard: Generation, saidBy node: NodeNumber) {
        let known = max(generation, rollout?.machine.generation ?? .none)
        guard heard > known else { return }
        guard heard.rawValue - known.rawValue <= Self.generationJumpMaximum else {
            if passes(.impossibleGeneration, node) {
                logger.error(
                    "a node claims an impossible generation", metadata: ["node": "\(name(node))", "heard": "\(heard)"])
            }
            return
        }
        if passes(.newerGeneration, node) {
            logger.warning(
                "a node has accepted a newer generation than the journal knows",
                metadata: ["node": "\(name(node))", "heard": "\(heard)", "journal": "\(generation)"])
        }
        generation = heard
    }

    private func passes(_ subject: NodeLogGate.Subject, _ node: NodeNumber) -> Bool {
        gate.pass(subject, of: node, at: clock.now())
    }

    func name(_ node: NodeNumber) -> String { roster.nodes[node]?.name.text ?? "number \(node)" }
}
