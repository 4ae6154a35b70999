internal import Fleet
internal import Ladder
public import Logging
internal import MeshKeys
public import Ports
internal import Synchronization

/// Directs one fleet: performs the rollout machine's effects on the bus and the journal, and answers for the fleet.
///
/// Everything that happens is taken by one loop, messages from the bus and all else from the inbox, and is handled to its
/// end before the next: no two events ever interleave.
public actor Coordinator: FleetControl {
    /// The most calls that may wait for a rollout's end; further ones are refused.
    public static let callsMaximum = 64
    /// How long a call may wait for another's end, or for nodes to come back, before its own rollout begins: as long as one
    /// rollout takes. It is refused then, for its caller has given up.
    public static let waitMilliseconds: UInt64 = 25_000
    /// The most calls, alarms and heartbeats that may wait.
    static let inboxMaximum = 1_024
    /// How far ahead of the journal a node's generation may be: more than a journal's backup can ever lag behind, and too
    /// little for one node to use the numbers up.
    static let generationJumpMaximum: UInt64 = 1 << 24
    /// How long after its start a coordinator waits for nodes to come back before it calls them absent: agents connect
    /// again within two seconds, and the handshakes of ten thousand take seven on two cores.
    static let gatheringMilliseconds: UInt64 = 10_000

    /// What it has to handle beside messages.
    enum Event: Sendable {
        case call(Call)
        case alarm(Instant)
        case heartbeat
    }

    struct Call: Sendable {
        var request: FleetRequest
        var user: String
        var arrived: Instant
        var answer: CheckedContinuation<RolloutAnswer, Never>
    }

    /// Draws a number that nobody can foresee; a simulation draws it from its seed.
    public typealias Random = @Sendable () -> UInt64

    let configuration: FleetConfiguration
    let fleetUUID: String
    let bus: any CoordinatorBus
    let journal: any Journal
    let clock: any MonotonicClock
    let random: Random
    let checkpoint: Checkpoint
    let logger: Logger
    private nonisolated let neighbour: any Actor
    private let inbox = Mailbox<Event>(maximum: Coordinator.inboxMaximum)
    let published: Mutex<FleetStatus>
    var picture = Picture()

    var roster: Roster
    var version: RosterVersion
    var removed: [NodeName: JournalState.Removal]
    var numbers: [NodeNumber]
    var desired: Bool
    /// Every edge was brought to `accept` on purpose.
    var isPrepared = false
    var replayWindow: UInt32
    var generation: Generation
    /// The greatest generation that the journal knows.
    var journaled: Generation
    /// Which nodes know more than the journal.
    var knowledge: Knowledge
    /// SAs of older sets are replaced: a rotation went on without their node, or they have another window.
    var oldest: Generation
    var rolloutID: UInt64
    /// A rollout that an earlier process did not end.
    var interrupted: JournalState.OpenRollout?
    var fleet = FleetState()
    var rollout: RolloutBox?
    /// What the rollout under way will have made so, once it is done.
    var promise = Promise()
    /// Who began it, and what it does about absent nodes.
    var caller = ""
    var absentPolicy = AbsentPolicy.refuse
    var offers: OfferSet?
    var spares = Spares()
    /// Questions that nodes have not answered yet.
    var inquiries: [UInt64: (node: NodeNumber, answer: CheckedContinuation<AssociationPage?, Never>)] = [:]
    var inquiryID: UInt64 = 0
    /// Nodes that are being asked: one question at a time each.
    var readings: [NodeNumber: Task<[AssociationPair]?, Never>] = [:]
    var presence: Presence
    /// What is known of each node beside its edges.
    var incarnations = NodeTable<UInt64>()
    var bootIDs = NodeTable<[UInt8]>()
    var protocols = NodeTable<UInt32>()
    var problems = NodeTable<[String]>()
    /// Edges that failed the last inspection, by node.
    var unreached: [NodeNumber: [String]] = [:]
    var joins = Joins()
    var log = RolloutLog()
    var gate = NodeLogGate()
    var stepName = ""
    /// Callers of the rollout under way, and those who wait for its end.
    var joined: [Call] = []
    var waiting: [Call] = []
    var converging = Converging()
    var rotating: Rotating
    var began = Instant(microseconds: 0)
    var inspectedAt = Instant(microseconds: 0)
    /// The greatest round trip that the last probes met, 0 before any: turning off drains by it.
    var roundTripMicroseconds: UInt64 = 0
    /// Moments that become due while effects are performed; the run loop makes alarms of them.
    var alarms: [Instant] = []
    private var earliestAlarm: Instant?

    /// - Parameter neighbour: an actor whose executor it shares, which may not change. Beside the bus, messages are handled on the
    ///   thread that receives them; without one it runs on the pool.
    public init(
        _ configuration: FleetConfiguration, enrolment: Enrolment, bus: any CoordinatorBus, journal: any Journal,
        clock: any MonotonicClock, random: @escaping Random = { UInt64.random(in: .min ... .max) },
        checkpoint: Checkpoint = .none, logger: Logger, beside neighbour: (any Actor)? = nil
    ) {
        self.configuration = configuration
        rotating = Rotating(configuration.rotation)
        roster = enrolment.roster
        version = enrolment.version
        removed = enrolment.state.removed
        fleetUUID = enrolment.state.fleetUUID
        desired = enrolment.state.desired
        replayWindow = enrolment.state.replayWindow
        generation = enrolment.state.generation
        oldest = enrolment.state.oldest
        journaled = enrolment.state.generation
        knowledge = Knowledge(isBehind: enrolment.state.isBehind)
        rolloutID = enrolment.state.rollout
        interrupted = enrolment.state.open
        self.bus = bus
        self.neighbour = neighbour ?? Pooled()
        self.journal = journal
        self.clock = clock
        self.random = random
        self.checkpoint = checkpoint
        self.logger = logger
        numbers = enrolment.roster.nodes.keys.sorted()
        presence = Presence(count: enrolment.roster.nodes.count)
        published = Mutex(
            FleetStatus(name: configuration.name, uuid: fleetUUID, enabled: false, nodes: [], rollouts: []))
        for name in enrolment.ignored {
            logger.warning("a removed node is still in the configuration", metadata: ["node": "\(name)"])
        }
    }

    // Safe because the actor holds its neighbour for as long as anything runs on it.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe neighbour.unownedExecutor }

    public nonisolated func status() -> FleetStatus { published.withLock { $0 } }

    public nonisolated func perform(_ request: FleetRequest, requestedBy user: String) async -> RolloutAnswer {
        await withCheckedContinuation { answer in
            let call = Call(request: request, user: user, arrived: clock.now(), answer: answer)
            if inbox.put([.call(call)]) == 0 { return }
            answer.resume(returning: Self.refusal(request, "the coordinator is overloaded or stopping"))
        }
    }

    /// Runs until its task is cancelled.
    public func run() async {
        began = clock.now()
        rotating.begin(at: began)
        inspectedAt = began
        publish()
        await withDiscardingTaskGroup { group in
            group.addTask { [clock, inbox, presence] in
                while !Task.isCancelled {
                    inbox.put([.heartbeat]) // Where there is no room for one, the next will do.
                    await clock.sleep(until: clock.now().advanced(byMilliseconds: presence.heartbeatMilliseconds))
                }
            }
            let bell = Bell()
            bus.events.notify { bell.ring() }
            inbox.notify { bell.ring() }
            while true {
                await bell.wait()
                if Task.isCancelled { break }
                for event in inbox.takeAll().elements {
                    // What came before it: who has answered in time is not given up for a clock that was behind them.
                    await handleMessages()
                    await handle(event)
                    setAlarms(in: &group)
                }
                let isOpen = await handleMessages()
                setAlarms(in: &group)
                if !isOpen { break } // A coordinator without a bus is of no use: it is started anew.
            }
            group.cancelAll()
        }
        inbox.finish()
        let unheard = inbox.takeAll().elements.compactMap { event in
            if case .call(let call) = event { call } else { nil }
        }
        for call in joined + waiting + unheard {
            call.answer.resume(returning: Self.refusal(call.request, "the coordinator stops"))
        }
    }

    /// All that have come; answers whether more may.
    @discardableResult
    private func handleMessages() async -> Bool {
        let come = bus.events.takeAll()
        guard !come.elements.isEmpty else { return !come.isFinished }
        refuseLateCalls()
        for message in come.elements {
            if let remainder = receive(message) { await finish(remainder) }
        }
        publishProgress()
        return !come.isFinished
    }

    private func handle(_ event: Event) async {
        refuseLateCalls()
        switch event {
        case .call(let call): await take(call)
        case .heartbeat: await beat()
        case .alarm(let moment):
            if earliestAlarm == moment { earliestAlarm = nil }
            await perform(rollout?.machine.tick(at: clock.now()) ?? [])
        }
    }

    private func setAlarms(in group: inout DiscardingTaskGroup) {
        guard let earliest = alarms.min() else { return }
        alarms = []
        if let set = earliestAlarm, set <= earliest { return }
        earliestAlarm = earliest
        group.addTask { [clock, inbox] in
            await clock.sleep(until: earliest)
            // An alarm is never lost, however full the inbox is: a rollout without one would never time out.
            while inbox.put([.alarm(earliest)]) > 0, !Task.isCancelled {
                await clock.sleep(until: clock.now().advanced(byMilliseconds: 10))
            }
        }
    }
}

/// Lends its executor to a coordinator without a neighbour: an actor that names an executor has no default one.
private actor Pooled {}

/// The rollout under way, in a place of its own: it holds all that is known of the fleet, and an optional value is copied
/// whole to be looked into, which is done many times a message.
final class RolloutBox {
    var machine: Rollout

    init(_ machine: Rollout) { self.machine = machine }
}

/// What becomes so when the rollout under way succeeds.
struct Promise {
    var desired: Bool?
    var replayWindow: UInt32?
    var isPrepared = false
    var removes: NodeName?
    /// It goes on where an earlier process died on its way back: it cannot succeed any more.
    var isLost = false
}
