internal import Fleet
internal import Ports
internal import Simulated
internal import XFRM

/// One run of a program on a simulated host. Its ports answer nothing once it is dead; the kernel, the disk and the
/// journal stay behind.
final class SimulatedProcess {
    let world: FleetWorld
    let target: Fault.Target
    let lane: Lane
    let clock: VirtualClock
    /// Whether it was neither killed nor ended.
    private(set) var isAlive = true
    /// Under SIGSTOP.
    private(set) var isStopped = false
    /// Where it is to be killed, counted in checkpoints from now.
    var checkpointsLeft: Int?
    /// The coordinator's control, once it can be called.
    var control: (any FleetControl)?
    /// Writes to the journal that have not returned.
    var unsynced: [Int: [JournalEntry]] = [:]
    private var task: Task<Void, Never>?
    private var thawsAt = Instant(microseconds: 0)

    init(_ target: Fault.Target, in world: FleetWorld, clock: VirtualClock) {
        self.target = target
        self.world = world
        self.clock = clock
        lane = world.scheduler.makeLane(world.confinedScheduler)
    }

    /// Starts the program on a task of its own.
    func start(_ body: @escaping @Sendable () async -> Void) {
        let confined = Confined(self)
        task = Task(executorPreference: lane) {
            await body()
            confined.object.end()
        }
    }

    /// What runs goes on to its next await and no further; nothing that it does reaches the world any more.
    func kill() {
        isAlive = false
        world.scheduler.freeze(lane)
    }

    func stop(until moment: Instant) {
        isStopped = true
        thawsAt = max(thawsAt, moment)
        world.scheduler.freeze(lane)
        world.scheduler.at(moment) { [self] in
            guard isAlive, world.scheduler.now >= thawsAt else { return }
            resume()
        }
    }

    func resume() {
        guard isAlive, isStopped else { return }
        isStopped = false
        world.scheduler.thaw(lane)
        world.processResumed(self)
    }

    /// The places between two effects where the seed may kill it.
    func checkpoint() -> Checkpoint {
        let confined = Confined(self)
        return Checkpoint { place in confined.object.reached(place) }
    }

    /// A line for the transcript under this process's name, `nil` where none is kept.
    var tell: (@Sendable (String) -> Void)? {
        guard world.tellsAll else { return nil }
        let confined = Confined(self)
        return { line in
            let process = confined.object
            if process.isAlive { process.world.tell("\(process.world.name(process.target)): \(line)") }
        }
    }

    private func reached(_ place: String) {
        guard isAlive, let left = checkpointsLeft else { return }
        checkpointsLeft = left > 0 ? left - 1 : nil
        if left == 0 { world.kill(self, because: "at `\(place)`") }
    }

    private func end() {
        guard isAlive else { return }
        isAlive = false
        world.processEnded(self)
    }
}

/// One host of the fleet: what outlives its agent process, and what outlives a reboot.
final class FleetHost {
    let index: Int
    let node: Node
    let name: NodeName
    /// The private half of its identity key.
    let identity: [UInt8]
    var kernel = KernelModel()
    var agent: SimulatedProcess?
    var bootCount: UInt64 = 1
    var isUp = true
    var isNetworkCut = false
    /// How many processes there were.
    var incarnations: UInt64 = 0
    var clock: VirtualClock
    var disk = HostDisk()
    var trouble = KernelTrouble()
    /// Tells the agent that somebody else changed the kernel.
    var disturbance: AsyncStream<Void>.Continuation?
    /// The probe session that is open, by its nonce.
    var probeNonce: UInt64?
    /// What somebody else has put into the kernel.
    private(set) var strangers = Snapshot()
    private var strangerInTheWay: PolicyID?

    init(index: Int, node: Node, identity: [UInt8], clock: VirtualClock) {
        self.index = index
        self.node = node
        name = node.name
        self.identity = identity
        self.clock = clock
    }

    /// 16 bytes, another one for each boot.
    var bootID: [UInt8] {
        [UInt8(index)] + (0..<15).map { UInt8(truncatingIfNeeded: bootCount >> (8 * UInt64(min($0, 7)))) }
    }

    func putStranger(_ policy: Policy, isInTheWay: Bool = false) {
        kernel.put(policy)
        if isInTheWay { strangerInTheWay = policy.id } else { strangers.policies.append(policy) }
    }

    func putStranger(_ association: Association) {
        kernel.put(association)
        strangers.associations.append(ObservedAssociation(association: association))
    }

    /// The operator takes it away, as the refusal asked for.
    func removeStrangerInTheWay() {
        if let id = strangerInTheWay { kernel.remove(id) }
        strangerInTheWay = nil
    }

    /// A reboot: what is in the kernel goes, whoever put it there.
    func forgetKernel() {
        kernel.forget()
        strangers = Snapshot()
        strangerInTheWay = nil
    }

    /// Whether everything of somebody else's is there as it was put there, and nothing beside it.
    var holdsStrangersAlone: Bool { kernel.snapshot == strangers }
    var holdsStrangers: Bool {
        strangers.policies.allSatisfy { kernel[$0.id] == $0 }
            && strangers.associations.allSatisfy { kernel[$0.association.id] == $0.association }
    }
}
