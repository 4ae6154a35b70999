public import Fleet
public import Ladder
public import Logging
public import MeshKeys
public import Ports
internal import Synchronization
internal import XFRM

/// One host's agent: performs the node machine's effects on kernel, keys and disk, and reports from read-back.
///
/// Everything that happens comes through one inbox and is handled to its end before the next.
public actor NodeAgent {
    /// The most events that may wait; further ones are dropped, for whatever they carried is asked again.
    static let inboxMaximum = 4_096
    /// How long what may not be dropped waits before it tries a full inbox again: some events are handled in it.
    static let fullMilliseconds: UInt64 = 10
    /// A hello that is not answered by a welcome in so many beats is said again: longer than a coordinator takes to welcome
    /// a large fleet, whose rosters are its largest messages.
    static let welcomeBeatsMaximum = 5
    /// How long a repaired policy is told of.
    static let repairShownMicroseconds: UInt64 = 60_000_000

    enum Event: Sendable {
        case bus([AgentBusEvent])
        case heartbeat
        /// Somebody else changed the kernel's SAs or policies.
        case disturbance
        case probed([ProbeResult])
    }

    /// This process, drawn at random by the main.
    public struct Identity: Sendable {
        public var incarnation: UInt64
        /// 16 bytes of /proc/sys/kernel/random/boot_id.
        public var bootID: [UInt8]
        /// What it announces: another one than ``protocolVersion`` only in tests of what the coordinator says to that.
        public var protocolVersion: UInt32
        /// Where an agent without a record begins to give out slots: peers may still hold those of its earlier life.
        public var firstSlot: Slot?
        /// Empty but in tests of the tests.
        public var flaws: Flaws

        public init(
            incarnation: UInt64, bootID: [UInt8], protocolVersion: UInt32 = Ladder.protocolVersion,
            firstSlot: Slot? = nil, flaws: Flaws = []
        ) {
            self.incarnation = incarnation
            self.bootID = bootID
            self.protocolVersion = protocolVersion
            self.firstSlot = firstSlot
            self.flaws = flaws
        }
    }

    /// What the agent acts on and asks.
    public struct Machine: Sendable {
        public var kernel: any Kernel
        public var record: any NodeRecord
        public var probe: any PathProbe
        public var host: any Host
        public var clock: any MonotonicClock

        public init(
            kernel: any Kernel, record: any NodeRecord, probe: any PathProbe, host: any Host,
            clock: any MonotonicClock
        ) {
            self.kernel = kernel
            self.record = record
            self.probe = probe
            self.host = host
            self.clock = clock
        }
    }

    let identity: Identity
    let rules: NodeRules
    let bus: any AgentBus
    let kernel: any Kernel
    let record: any NodeRecord
    let probe: any PathProbe
    let host: any Host
    let clock: any MonotonicClock
    let checkpoint: Checkpoint
    let logger: Logger
    let ring: KeyRing
    private let inbox: AsyncStream<Event>
    let inboxInput: AsyncStream<Event>.Continuation

    var ladder: NodeLadder
    var memory: NodeMemory
    /// The coordinator's roster as it was told last, followed or not.
    var held: (roster: Roster, version: RosterVersion)?
    var roster: Roster?
    var own: Node?
    var neighbourhood = Neighbourhood()
    /// Somebody else changed the kernel, and it was not looked at since.
    nonisolated let isDisturbed = Atomic(false)
    var lastLook: Look?
    /// The coordinator's roster, where this node does not follow it; ``roster`` is the last one that it followed.
    var refused: RefusedRoster?
    /// What came of the newest offer set.
    var offers: OfferShare?
    var support: KernelSupport
    var intent = Intent()
    /// Empty unless SAs are made again, which is a flaw.
    var keptKeys: [AssociationID: (Association, Secret)] = [:]
    var isProbing = false
    /// What ``run()`` is to ask next.
    var round: Round?
    /// Peers whose last probe lost what is larger than the path's MTU.
    var fragmentLosers: Set<NodeNumber> = []
    var lastRepair: (at: Instant, count: Int)?
    var facts: (at: Instant, facts: HostFacts)?
    var coordinatorClock = CoordinatorClock()
    var heartbeatMilliseconds: UInt64 = 1_000
    private var workName = ""
    private var lastTold: Standing?
    /// Beats since this connection's hello that no welcome has answered, `nil` once one has.
    var unwelcomedBeats: Int? = 0

    /// Warms the kernel up, reads the record and closes what must not be open; fails where that cannot be done.
    public init(
        _ identity: Identity, identityKey: IdentityKey, rules: NodeRules = NodeRules(), bus: any AgentBus,
        machine: Machine, checkpoint: Checkpoint = .none, logger: Logger
    ) async throws {
        self.identity = identity
        self.rules = rules
        self.bus = bus
        kernel = machine.kernel
        record = machine.record
        probe = machine.probe
        host = machine.host
        clock = machine.clock
        self.checkpoint = checkpoint
        self.logger = logger
        ring = KeyRing(identity: identityKey, flaws: identity.flaws)
        let known = try record.load()
        var memory = known ?? NodeMemory()
        if known == nil, let slot = identity.firstSlot { memory.slots = SlotLedger(next: slot) }
        // No private half outlives its process: an offer of an earlier one can no longer be installed.
        for entry in memory.slots.entries.values where entry.isLive { memory.slots.release(set: entry.set) }
        let machineID = await machine.host.facts().machineID
        let isClone = !memory.machineID.isEmpty && !machineID.isEmpty && memory.machineID != machineID
        memory.machineID = machineID
        self.memory = memory
        ladder = NodeLadder(epoch: memory.epoch, generation: memory.generation, flaws: identity.flaws)
        support = try await kernel.support()
        (inbox, inboxInput) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.inboxMaximum))
        if let lacking = support.lacking { logger.error("kernel lacks IPsec", metadata: ["kernel": "\(lacking)"]) }
        if isClone {
            logger.warning("another machine than the record is of: its edges are closed until they have fresh keys")
            try await BootShield.lower(memory.shield, on: kernel)
        }
        let closed = try await BootShield.raise(memory.shield, on: kernel)
        if closed > 0 {
            logger.notice("protected edges without state were closed", metadata: ["pairs": "\(closed)"])
        }
    }

    /// Runs until its task is cancelled. Kernel state stays as it is.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [bus, inboxInput] in
                for await batch in bus.events { inboxInput.yield(.bus(batch)) }
                inboxInput.finish() // An agent without a bus is of no use: it ends, and is started anew.
            }
            group.addTask { await self.watchKernel() }
            group.addTask { [clock, inboxInput, identity] in
                // Agents that were started together do not all beat at once.
                let phase = identity.incarnation % (await self.heartbeatMilliseconds)
                await clock.sleep(until: clock.now().advanced(byMilliseconds: phase))
                while !Task.isCancelled {
                    await clock.sleep(until: clock.now().advanced(byMilliseconds: await self.heartbeatMilliseconds))
                    inboxInput.yield(.heartbeat)
                }
            }
            for await event in inbox {
                switch event {
                case .bus(let batch): for event in batch { await receive(event) }
                case .heartbeat:
                    await beat()
                    await repeatHello()
                case .disturbance: await lookAgain()
                case .probed(let results): await probed(results)
                }
                if let round {
                    self.round = nil
                    group.addTask { [probe, inboxInput, clock] in
                        let results = await probe.ask(round.targets)
                        // Never lost, however full the inbox is: the machine takes no order before they are there.
                        while case .dropped = inboxInput.yield(.probed(results)), !Task.isCancelled {
                            await clock.sleep(until: clock.now().advanced(byMilliseconds: Self.fullMilliseconds))
                        }
                    }
                }
            }
            group.cancelAll()
        }
        await endProbing()
    }

    /// One disturbance at most waits: whoever looks sees all that came before.
    private nonisolated func watchKernel() async {
        for await _ in kernel.disturbances where !isDisturbed.exchange(true, ordering: .relaxed) {
            inboxInput.yield(.disturbance)
        }
    }

    private func receive(_ event: AgentBusEvent) async {
        switch event {
        case .connected:
            coordinatorClock.forget()
            logger.info("connected to the coordinator")
            await sayHello()
        case .disconnected:
            logger.notice("connection to the coordinator lost; every edge keeps its rung")
        case .message(.heartbeat(let theirs)): coordinatorClock.note(theirs, arrivedAt: clock.now())
        case .message(.welcome(let welcome)): await join(welcome)
        case .message(.inquiry(let inquiry)): await answer(inquiry)
        case .message(.offers(let share)):
            if offers == nil { offers = share } else { offers?.take(share) }
            assignSpare()
            ladder.receive(offers: share.version)
        case .message(.order(let order)):
            workName = order.task.name
            // A newer order does not wait for echoes.
            if isProbing, order.stamp > ladder.accepted { await probe.close() }
            checkpoint.reach("received \(workName)")
            await perform(ladder.receive(order, at: coordinatorClock.estimate(at: clock.now())))
        }
    }

    private func sayHello() async {
        unwelcomedBeats = 0
        outdateSpare()
        let hello = Hello(
            protocolVersion: identity.protocolVersion, bootID: identity.bootID, incarnation: identity.incarnation,
            epoch: memory.epoch, newest: memory.generation, roster: held?.version)
        await bus.send(.hello(hello))
    }

    /// Without a hello the coordinator does not know the connection: one that was lost would leave this node deaf for good.
    private func repeatHello() async {
        guard let beats = unwelcomedBeats, !identity.flaws.contains(.saysHelloOnce) else { return }
        unwelcomedBeats = beats + 1
        if beats + 1 >= Self.welcomeBeatsMaximum { await sayHello() }
    }

    /// A sign of life with a fresh read-back.
    func beat() async {
        let observation = await observe()
        prepareSpare()
        await tell(observation, evenIfUnchanged: true)
    }

    /// The kernel was disturbed: the coordinator hears at once where edges do not stand as they did.
    private func lookAgain() async { await tell(await observe(), evenIfUnchanged: false) }

    private func tell(_ observation: Observation, evenIfUnchanged: Bool) async {
        guard roster != nil || refused != nil, evenIfUnchanged || observation.standing != lastTold else { return }
        lastTold = observation.standing
        await bus.send(
            .heartbeat(
                ladder.heartbeat(
                    standing: observation.standing, packets: observation.packets, problems: observation.problems,
                    spare: ring.spare)))
    }

    private func perform(_ effects: [NodeLadder.Effect]) async {
        var queue = effects[...]
        while let effect = queue.popFirst() {
            switch effect {
            case .persist(let epoch, let generation):
                var next = memory
                next.epoch = epoch
                if !identity.flaws.contains(.forgetsGeneration) { next.generation = generation }
                guard save(next) else {
                    queue += ladder.persistenceFailed(standing: await observe().standing)
                    continue
                }
                checkpoint.reach("persisted \(workName)")
                queue += ladder.generationPersisted()
            case .perform(let work):
                guard let performance = await perform(work) else { return }
                checkpoint.reach("applied \(workName)")
                queue += ladder.performed(performance)
            case .report(let report):
                if case .done = report.verdict {
                } else {
                    logger.warning(
                        "order not carried out",
                        metadata: ["order": "\(report.answering)", "verdict": "\(report.verdict)"])
                }
                lastTold = report.standing
                await bus.send(.report(report))
                checkpoint.reach("reported \(workName)")
            }
        }
    }

    private func probed(_ results: [ProbeResult]) async {
        let performance = await endRound(results)
        checkpoint.reach("applied probe")
        await perform(ladder.performed(performance))
    }

    /// Remembers it once it is durable: what could not be written is not remembered either, so that a repeated order
    /// tries again.
    func save(_ next: NodeMemory) -> Bool {
        do {
            try record.save(next)
            memory = next
            return true
        } catch {
            logger.critical("record not written", metadata: ["error": "\(error)"])
            return false
        }
    }
}
