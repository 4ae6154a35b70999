internal import Fleet
internal import Ladder
internal import Logging
internal import Ports

/// What nodes say, and what they are told outside a rollout.
extension Coordinator {
    func receive(_ event: CoordinatorBusEvent) async {
        switch event {
        case .unsupported(let version, let node):
            if protocols.updateValue(version, forKey: node) != version {
                logger.warning(
                    "agent of another protocol", metadata: ["node": "\(name(node))", "protocol": "\(version)"])
            }
        case .message(.hello(let hello), let node): await greet(hello, from: node)
        case .message(.report(let report), let node):
            hear(node)
            if case .stale(let newest) = report.verdict { outgrow(newest.generation, saidBy: node) }
            // In place: a copy of the machine for each report would cost the fleet's size each time.
            if let effects = rollout?.receive(report, from: node, at: clock.now()) {
                checkpoint.reach("received \(stepName)")
                await perform(effects)
            } else {
                fleet.note(node, sequence: report.sequence, accepted: nil, standing: report.standing)
            }
        case .message(.heartbeat(let heartbeat), let node):
            problems[node] = heartbeat.problems
            if rollout == nil {
                fleet.note(heartbeat, from: node)
            } else {
                rollout?.heard(heartbeat, from: node)
            }
            hear(node)
            await goOn()
        }
    }

    private func greet(_ hello: Hello, from node: NodeNumber) async {
        protocols[node] = hello.protocolVersion
        if hello.epoch == roster.epoch { outgrow(hello.newest, saidBy: node) }
        let isNewProcess = incarnations.updateValue(hello.incarnation, forKey: node) != hello.incarnation
        logger.info(
            "agent says hello",
            metadata: ["node": "\(name(node))", "isNewProcess": "\(isNewProcess)", "newest": "\(hello.newest)"])
        await welcome(node)
        if let old = bootIDs.updateValue(hello.bootID, forKey: node), old != hello.bootID {
            logger.warning(
                "node was rebooted: its kernel has forgotten everything", metadata: ["node": "\(name(node))"])
            if rollout == nil { fleet.forget(node) } else { rollout?.forget(node) }
        }
        if let effects = rollout?.joined(node, isNewProcess: isNewProcess) {
            await perform(effects)
        } else if isNewProcess {
            fleet.restarted(node)
        }
    }

    func welcome(_ node: NodeNumber) async {
        let welcome = Welcome(
            number: node, roster: roster, clock: clock.now(),
            heartbeatMilliseconds: UInt32(clamping: presence.heartbeatMilliseconds))
        await bus.send([Delivery(.welcome(welcome), to: [node])])
    }

    /// A sign of life to all, and a look at who has fallen silent.
    func beat() async {
        for node in presence.expire(at: clock.now()) {
            logger.warning("node fell silent", metadata: ["node": "\(name(node))"])
        }
        if !numbers.isEmpty { await bus.send([Delivery(.heartbeat(clock.now()), to: numbers)]) }
        await goOn()
        publish()
    }

    /// A node is present from its first read-back on.
    private func hear(_ node: NodeNumber) {
        guard (rollout?.fleet ?? fleet).nodes[node]?.standing != nil else { return }
        guard presence.hear(node, at: clock.now()) else { return }
        logger.info(
            "node present", metadata: ["node": "\(name(node))", "present": "\(presence.count) of \(numbers.count)"])
        publish()
    }

    /// A journal restored from a backup must not order the past: the agents' generation wins.
    private func outgrow(_ heard: Generation, saidBy node: NodeNumber) {
        let known = max(generation, rollout?.generation ?? .none)
        guard heard > known else { return }
        guard heard.rawValue - known.rawValue <= Self.generationJumpMaximum else {
            logger.error(
                "a node claims an impossible generation", metadata: ["node": "\(name(node))", "heard": "\(heard)"])
            return
        }
        logger.warning(
            "a node has accepted a newer generation than the journal knows",
            metadata: ["node": "\(name(node))", "heard": "\(heard)", "journal": "\(generation)"])
        generation = heard
    }

    private func name(_ node: NodeNumber) -> String { roster.nodes[node]?.name.text ?? "number \(node)" }
}
