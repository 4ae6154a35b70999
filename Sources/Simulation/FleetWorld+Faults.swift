internal import Fleet
internal import Ports
internal import Simulated
internal import XFRM

/// How the world goes wrong, and how it is put right.
extension FleetWorld {
    /// The other coordinators that were rebooted had their clock begin anew; the others go on with it.
    private static let rebootPercent: UInt64 = 30
    /// SAs and policies of somebody else's, elsewhere.
    private static let strangerReqid: UInt32 = 0x100

    /// Puts every fault of the scenario on the agenda.
    func planFaults() {
        for (moment, fault) in scenario.faults {
            scheduler.at(moment) { [self] in
                if !isHealed { happen(fault) }
            }
        }
        if scenario.ingredients.contains(.strangers) { for host in hosts { putStrangers(on: host) } }
    }

    private func happen(_ fault: Fault) {
        tell("fault: \(fault)")
        switch fault {
        case .kill(let target): kill(target)
        case .killAtCheckpoint(let target, let count): process(target)?.checkpointsLeft = count
        case .stop(let target, let milliseconds): stop(target, milliseconds)
        case .reboot(let index, let milliseconds): reboot(hosts[index], milliseconds)
        case .cut(let index, let direction, let holds, let milliseconds):
            bus.cut(index, direction, holds: holds)
            later(milliseconds) { $0.bus.join(index, direction) }
        case .disconnect(let index): bus.disconnect(index)
        case .cutNetwork(let index, let milliseconds): cutNetwork(index, milliseconds)
        case .refuse(let index, let count): hosts[index].trouble.refusesAfter = count
        case .loseAnswers(let index, let count): hosts[index].trouble.losesAnswersAfter = count
        case .outage(let index, let milliseconds):
            hosts[index].trouble.isOut = true
            later(milliseconds) { $0.hosts[index].trouble.isOut = false }
        case .fullJournal(let milliseconds):
            journal.isFull = true
            later(milliseconds) { $0.journal.isFull = false }
        case .fullRecord(let index, let keeps, let milliseconds):
            hosts[index].disk.isFull = true
            hosts[index].disk.keepsWhenFull = keeps
            later(milliseconds) { $0.hosts[index].disk.isFull = false }
        case .deleteAssociation(let index, let which):
            let ours = hosts[index].kernel.snapshot.associations.map(\.association).filter(Ownership.owns)
            if !ours.isEmpty { drift(hosts[index], .deleteAssociation(ours[which % ours.count].id)) }
        case .deletePolicy(let index, let which):
            let ours = hosts[index].kernel.snapshot.policies.filter {
                Ownership.owns($0) && $0.priority == Ownership.pairPriority
            }
            if !ours.isEmpty { drift(hosts[index], .deletePolicy(ours[which % ours.count].id)) }
        case .blockPath(let index, let milliseconds):
            blockedPaths.insert(index)
            later(milliseconds) { $0.blockedPaths.remove(index) }
        case .restoreBackup(let writes):
            kill(.coordinator)
            journal.restore(writesBack: writes)
        case .loseJournal:
            kill(.coordinator)
            journal = makeJournal()
        }
    }

    /// Another journal than any before it, which knows nothing.
    private func makeJournal() -> FleetJournal {
        FleetJournal(
            JournalState(
                epoch: Epoch(faultRandom.next()), fleetID: (0..<16).map { _ in UInt8(faultRandom.draw(0...255)) },
                fleetUUID: journal.state.fleetUUID))
    }

    /// Somebody takes something of the fleet's out of a kernel.
    private func drift(_ host: FleetHost, _ change: Change) {
        guard host.isUp else { return }
        checker.disturb(host.index, change)
        watch.drifted(host.index, at: scheduler.now)
        switch change {
        case .deleteAssociation(let id): host.kernel.remove(id)
        case .deletePolicy(let id): host.kernel.remove(id)
        case .addAssociation, .addPolicy, .updatePolicy: break
        }
        host.disturbance?.yield()
    }

    /// Ends a fault after a while, unless everything was healed before.
    private func later(_ milliseconds: UInt64, _ action: @escaping (FleetWorld) -> Void) {
        scheduler.after(microseconds: milliseconds * 1_000) { [self] in
            if !isHealed { action(self) }
        }
    }

    private func kill(_ target: Fault.Target) {
        guard let process = process(target) else { return }
        kill(process, because: "at once")
        if target == .coordinator, faultRandom.chance(percent: Self.rebootPercent) { renewCoordinatorClock() }
    }

    private func stop(_ target: Fault.Target, _ milliseconds: UInt64) {
        guard let process = process(target), process.isAlive else { return }
        process.stop(until: scheduler.now.advanced(byMilliseconds: milliseconds))
        excuseCalls(from: process, milliseconds: milliseconds)
        switch target {
        case .coordinator: for index in hosts.indices { bus.endIfDeaf(index) }
        case .agent(let index): bus.endIfDeaf(index)
        }
    }

    private func reboot(_ host: FleetHost, _ milliseconds: UInt64) {
        guard host.isUp else { return }
        if let agent = host.agent { kill(agent, because: "by a reboot") }
        checker.setOffline(host.index, true)
        checker.forget(host.index)
        host.isUp = false
        host.forgetKernel()
        host.trouble.isCold = true
        host.bootCount += 1
        watch.rebooted(host.index)
        later(milliseconds) { $0.boot(host) }
    }

    private func boot(_ host: FleetHost) {
        host.isUp = true
        renewClock(of: host)
        if !host.isNetworkCut { checker.setOffline(host.index, false) }
        startAgent(host)
    }

    private func cutNetwork(_ index: Int, _ milliseconds: UInt64) {
        guard !hosts[index].isNetworkCut else { return }
        hosts[index].isNetworkCut = true
        checker.setOffline(index, true)
        bus.cut(index, .both, holds: true)
        later(milliseconds) { world in
            world.hosts[index].isNetworkCut = false
            world.bus.join(index, .both)
            if world.hosts[index].isUp { world.checker.setOffline(index, false) }
        }
    }

    private func putStrangers(on host: FleetHost) {
        guard let elsewhere = Address("192.0.2.\(host.index + 1)"), let own = host.node.addresses.first,
            let peer = hosts.first(where: { $0 !== host })?.node.addresses.first
        else { return }
        let template = Template(reqid: Self.strangerReqid, spi: SPI(rawValue: 0x1234))
        for direction in Direction.allCases {
            let selector = direction == .out ? Selector.pair(from: own, to: elsewhere) : .pair(from: elsewhere, to: own)
            host.putStranger(
                Policy(
                    id: PolicyID(direction: direction, selector: selector), priority: Ownership.pairPriority,
                    action: .protect(template)))
        }
        host.putStranger(
            Association(
                id: AssociationID(source: elsewhere, destination: own, spi: SPI(rawValue: 0x1234)),
                reqid: Self.strangerReqid))
        // One in the way of ours: it lets everything pass, and no climb may begin over it.
        if faultRandom.chance(percent: 20) {
            let inTheWay = Template(reqid: Self.strangerReqid, isOptional: true)
            host.putStranger(
                Policy(
                    id: PolicyID(direction: .out, selector: .pair(from: own, to: peer)), priority: 20_000,
                    action: .protect(inTheWay)), isInTheWay: true)
        }
    }

    /// The storm is over: everything that is broken is put right, and nothing breaks any more.
    func heal() {
        tell("everything is healed")
        isHealed = true
        bus.heal()
        journal.isFull = false
        blockedPaths = []
        for host in hosts {
            host.disk.isFull = false
            host.trouble.isOut = false
            host.trouble.callMicroseconds = KernelTrouble().callMicroseconds
            host.trouble.refusesAfter = nil
            host.trouble.losesAnswersAfter = nil
            host.isNetworkCut = false
            host.removeStrangerInTheWay()
            host.agent?.checkpointsLeft = nil
            host.agent?.resume()
            if host.isUp { checker.setOffline(host.index, false) } else { boot(host) }
            startAgent(host)
        }
        coordinator?.checkpointsLeft = nil
        coordinator?.resume()
        startCoordinator()
    }
}
