internal import Fleet
internal import Ladder
public import Logging
internal import MeshKeys
public import Ports
internal import Synchronization

/// Directs one fleet: performs the rollout machine's effects on the bus and the journal, and answers for the fleet.
///
/// Everything that happens — messages, calls, timers — comes through one inbox and is handled to its end before the
/// next: no two events ever interleave.
public actor Coordinator: FleetControl {
    /// The most calls that may wait for a rollout's end; further ones are refused.
    public static let callsMaximum = 64
    /// The most events that may wait; further bus batches are dropped, for whatever they carried is asked again.
    static let inboxMaximum = 1_024
    /// How far ahead of the journal a node's generation may be: more than a journal's backup can ever lag behind, and too
    /// little for one node to use the numbers up.
    static let generationJumpMaximum: UInt64 = 1 << 24

    enum Event: Sendable {
        case bus([CoordinatorBusEvent])
        case call(Call)
        case alarm(Instant)
        case heartbeat
    }

    struct Call: Sendable {
        var target: Bool
        var user: String
        var answer: CheckedContinuation<RolloutAnswer, Never>
    }

    let configuration: FleetConfiguration
    let roster: Roster
    let version: RosterVersion
    let fleetUUID: String
    let bus: any CoordinatorBus
    let journal: any Journal
    let clock: any MonotonicClock
    let checkpoint: Checkpoint
    let logger: Logger
    let numbers: [NodeNumber]
    private let inbox: AsyncStream<Event>
    private let inboxInput: AsyncStream<Event>.Continuation
    private let published: Mutex<FleetStatus>

    var desired: Bool
    var generation: Generation
    var rolloutID: UInt64
    var fleet = FleetState()
    var rollout: Rollout?
    var offers: OfferSet?
    var presence: Presence
    /// What is known of each node beside its edges.
    var incarnations: [NodeNumber: UInt64] = [:]
    var bootIDs: [NodeNumber: [UInt8]] = [:]
    var protocols: [NodeNumber: UInt32] = [:]
    var problems: [NodeNumber: [String]] = [:]
    var log = RolloutLog()
    var stepName = ""
    /// Callers of the rollout under way, and those who wait for its end.
    var joined: [Call] = []
    var waiting: [Call] = []
    var settling = Settling()
    /// Moments that become due while effects are performed; the run loop makes alarms of them.
    var alarms: [Instant] = []
    private var earliestAlarm: Instant?

    public init(
        _ configuration: FleetConfiguration, enrolment: Enrolment, bus: any CoordinatorBus, journal: any Journal,
        clock: any MonotonicClock, checkpoint: Checkpoint = .none, logger: Logger
    ) {
        self.configuration = configuration
        roster = enrolment.roster
        version = enrolment.version
        fleetUUID = enrolment.state.fleetUUID
        desired = enrolment.state.desired
        generation = enrolment.state.generation
        rolloutID = enrolment.state.rollout
        self.bus = bus
        self.journal = journal
        self.clock = clock
        self.checkpoint = checkpoint
        self.logger = logger
        numbers = enrolment.roster.nodes.keys.sorted()
        presence = Presence(count: enrolment.roster.nodes.count)
        (inbox, inboxInput) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.inboxMaximum))
        published = Mutex(
            FleetStatus(name: configuration.name, uuid: fleetUUID, enabled: false, nodes: [], rollouts: []))
    }

    public nonisolated func status() -> FleetStatus { published.withLock { $0 } }

    public nonisolated func setEnabled(_ enabled: Bool, requestedBy user: String) async -> RolloutAnswer {
        await withCheckedContinuation { answer in
            let call = Call(target: enabled, user: user, answer: answer)
            if case .enqueued = inboxInput.yield(.call(call)) { return }
            answer.resume(returning: refusal(enabled, "the coordinator is overloaded or stopping"))
        }
    }

    /// Runs until its task is cancelled.
    public func run() async {
        publish()
        await withDiscardingTaskGroup { group in
            group.addTask { [bus, inboxInput] in
                for await batch in bus.events { inboxInput.yield(.bus(batch)) }
                inboxInput.finish() // A coordinator without a bus is of no use: it ends, and is started anew.
            }
            group.addTask { [clock, inboxInput, presence] in
                while !Task.isCancelled {
                    inboxInput.yield(.heartbeat)
                    await clock.sleep(until: clock.now().advanced(byMilliseconds: presence.heartbeatMilliseconds))
                }
            }
            for await event in inbox {
                await handle(event)
                setAlarms(in: &group)
            }
            group.cancelAll()
        }
        for call in joined + waiting { call.answer.resume(returning: refusal(call.target, "the coordinator stops")) }
    }

    private func handle(_ event: Event) async {
        switch event {
        case .bus(let batch):
            for event in batch { await receive(event) }
        case .call(let call): await take(call)
        case .heartbeat: await beat()
        case .alarm(let moment):
            if earliestAlarm == moment { earliestAlarm = nil }
            await perform(rollout?.tick(at: clock.now()) ?? [])
        }
    }

    private func setAlarms(in group: inout DiscardingTaskGroup) {
        guard let earliest = alarms.min() else { return }
        alarms = []
        if let set = earliestAlarm, set <= earliest { return }
        earliestAlarm = earliest
        group.addTask { [clock, inboxInput] in
            await clock.sleep(until: earliest)
            // An alarm is never lost, however full the inbox is: a rollout without one would never time out.
            while case .dropped = inboxInput.yield(.alarm(earliest)), !Task.isCancelled {
                await clock.sleep(until: clock.now().advanced(byMilliseconds: 10))
            }
        }
    }

    nonisolated func refusal(_ target: Bool, _ message: String) -> RolloutAnswer {
        .failed(
            RolloutFailure(
                cause: target ? .enableFailed : .disableFailed, reasons: [.init(node: nil, message: message)]))
    }

    /// Makes the fleet as it is now visible to ``status()``.
    func publish() {
        let current = rollout?.fleet ?? fleet
        let absent = Set(numbers.filter { !presence.isPresent($0) })
        let isKnown = numbers.count <= 1 || absent.count < numbers.count
        let nodes = numbers.compactMap { number in
            roster.nodes[number].map { node in
                let isPresent = presence.isPresent(number) && current.nodes[number]?.standing != nil
                return NodeStatus(
                    name: node.name, number: number, isPresent: isPresent,
                    rung: current.nodes[number]?.standing?.lowest, problems: problems[number] ?? [])
            }
        }
        let enabled = desired && isKnown && !numbers.isEmpty && current.isProtected(among: numbers, absent: absent)
        published.withLock { status in
            status.enabled = enabled
            status.nodes = nodes
            status.rollouts = log.records
        }
    }
}
