internal import Fleet
public import Ladder
public import Logging
public import MeshKeys
public import Ports
internal import XFRM

/// One host's agent: performs the node machine's effects on kernel, keys and disk, and reports from read-back.
///
/// Everything that happens comes through one inbox and is handled to its end before the next.
public actor NodeAgent {
    /// The most events that may wait; further ones are dropped, for whatever they carried is asked again.
    static let inboxMaximum = 4_096

    enum Event: Sendable {
        case bus([AgentBusEvent])
        case heartbeat
    }

    /// This process, drawn at random by the main.
    public struct Identity: Sendable {
        public var incarnation: UInt64
        /// 16 bytes of /proc/sys/kernel/random/boot_id.
        public var bootID: [UInt8]
        /// What it announces: another one than ``protocolVersion`` only in tests of what the coordinator says to that.
        public var protocolVersion: UInt32

        public init(incarnation: UInt64, bootID: [UInt8], protocolVersion: UInt32 = Ladder.protocolVersion) {
            self.incarnation = incarnation
            self.bootID = bootID
            self.protocolVersion = protocolVersion
        }
    }

    let identity: Identity
    let bus: any AgentBus
    let kernel: any Kernel
    let record: any NodeRecord
    let clock: any MonotonicClock
    let checkpoint: Checkpoint
    let logger: Logger
    let ring: KeyRing
    private let inbox: AsyncStream<Event>
    private let inboxInput: AsyncStream<Event>.Continuation

    var ladder: NodeLadder
    var memory: NodeMemory
    var roster: Roster?
    var own: Node?
    var offers: OfferSet?
    var support: KernelSupport
    private var coordinatorClock = CoordinatorClock()
    private var heartbeatMilliseconds: UInt64 = 1_000
    private var workName = ""

    /// Warms the kernel up and reads the record; fails where either cannot be read.
    public init(
        _ identity: Identity, identityKey: IdentityKey, bus: any AgentBus, kernel: any Kernel, record: any NodeRecord,
        clock: any MonotonicClock, checkpoint: Checkpoint = .none, logger: Logger
    ) async throws {
        self.identity = identity
        self.bus = bus
        self.kernel = kernel
        self.record = record
        self.clock = clock
        self.checkpoint = checkpoint
        self.logger = logger
        ring = KeyRing(identity: identityKey)
        var memory = try record.load() ?? NodeMemory()
        // No private half outlives its process: an offer of an earlier one can no longer be installed.
        for entry in memory.slots.entries.values where entry.isLive { memory.slots.release(set: entry.set) }
        self.memory = memory
        ladder = NodeLadder(epoch: memory.epoch, generation: memory.generation)
        support = try await kernel.support()
        (inbox, inboxInput) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.inboxMaximum))
        if let lacking = support.lacking { logger.error("kernel lacks IPsec", metadata: ["kernel": "\(lacking)"]) }
    }

    /// Runs until its task is cancelled. Kernel state stays as it is.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [bus, inboxInput] in
                for await batch in bus.events { inboxInput.yield(.bus(batch)) }
                inboxInput.finish() // An agent without a bus is of no use: it ends, and is started anew.
            }
            group.addTask { [clock, inboxInput] in
                while !Task.isCancelled {
                    await clock.sleep(until: clock.now().advanced(byMilliseconds: await self.heartbeatMilliseconds))
                    inboxInput.yield(.heartbeat)
                }
            }
            for await event in inbox {
                switch event {
                case .bus(let batch): for event in batch { await receive(event) }
                case .heartbeat: await beat()
                }
            }
            group.cancelAll()
        }
    }

    private func receive(_ event: AgentBusEvent) async {
        switch event {
        case .connected:
            coordinatorClock.forget()
            logger.info("connected to the coordinator")
            let hello = Hello(
                protocolVersion: identity.protocolVersion, bootID: identity.bootID, incarnation: identity.incarnation,
                epoch: memory.epoch, newest: memory.generation)
            await bus.send(.hello(hello))
        case .disconnected:
            logger.notice("connection to the coordinator lost; every edge keeps its rung")
        case .message(.heartbeat(let theirs)): coordinatorClock.note(theirs, arrivedAt: clock.now())
        case .message(.welcome(let welcome)): await join(welcome)
        case .message(.offers(let set)):
            offers = set
            ladder.receive(offers: OfferSetVersion(of: set))
        case .message(.order(let order)):
            workName = order.task.name
            checkpoint.reach("received \(workName)")
            await perform(ladder.receive(order, at: coordinatorClock.estimate(at: clock.now())))
        }
    }

    private func join(_ welcome: Welcome) async {
        coordinatorClock.note(welcome.clock, arrivedAt: clock.now())
        guard let node = welcome.roster.nodes[welcome.number] else {
            logger.error("the roster does not have this node", metadata: ["number": "\(welcome.number)"])
            return
        }
        roster = welcome.roster
        own = node
        heartbeatMilliseconds = max(100, UInt64(welcome.heartbeatMilliseconds))
        ladder.welcome(
            number: welcome.number, epoch: welcome.roster.epoch, roster: RosterVersion(of: welcome.roster),
            peers: Set(welcome.roster.nodes.keys).subtracting([welcome.number]))
        logger.info(
            "welcomed",
            metadata: [
                "node": "\(node.name)", "number": "\(node.number)", "peers": "\(welcome.roster.nodes.count - 1)",
            ])
        await beat()
    }

    /// A sign of life with a fresh read-back.
    private func beat() async {
        guard roster != nil else { return }
        let (standing, problems) = await observe()
        await bus.send(.heartbeat(ladder.heartbeat(standing: standing, problems: problems)))
    }

    private func perform(_ effects: [NodeLadder.Effect]) async {
        var queue = effects[...]
        while let effect = queue.popFirst() {
            switch effect {
            case .persist(let epoch, let generation):
                memory.epoch = epoch
                memory.generation = generation
                guard save() else { return ladder.persistenceFailed() }
                checkpoint.reach("persisted \(workName)")
                queue += ladder.generationPersisted()
            case .perform(let work):
                let performance = await perform(work)
                checkpoint.reach("applied \(workName)")
                queue += ladder.performed(performance)
            case .report(let report):
                if case .done = report.verdict {
                } else {
                    logger.warning(
                        "order not carried out",
                        metadata: ["order": "\(report.answering)", "verdict": "\(report.verdict)"])
                }
                await bus.send(.report(report))
                checkpoint.reach("reported \(workName)")
            }
        }
    }

    func save() -> Bool {
        do {
            try record.save(memory)
            return true
        } catch {
            logger.critical("record not written", metadata: ["error": "\(error)"])
            return false
        }
    }
}
