internal import Fleet
internal import Ladder
internal import MeshKeys
internal import Ports
internal import Simulated
internal import XFRM

/// A simulated fleet: hosts, kernels, disks, the bus, the network and the operator, with real programs running in it.
///
/// It lives on one thread. ``Simulation`` tells its story; this is what happens in it.
final class FleetWorld {
    /// systemd's RestartSec for both units.
    private static let restartMicroseconds: UInt64 = 1_000_000
    /// A killed process is there again after so long: within a rung's deadline mostly, and sometimes not.
    private static let returnMicroseconds: ClosedRange<UInt64> = 50_000...12_000_000

    let scenario: Scenario
    let scheduler: Scheduler
    let confinedScheduler: Confined<Scheduler>
    let programs: any Programs
    let flaws: Flaws
    private(set) var hosts: [FleetHost] = []
    let checker: Checker
    private(set) lazy var bus = FleetBus(self)
    var journal: FleetJournal
    private(set) var coordinator: SimulatedProcess?
    private var coordinatorClock: VirtualClock
    /// No fault happens any more.
    var isHealed = false
    /// Hosts whose ESP is dropped on the way where probes are sent; other packets are not modelled to suffer, for no
    /// traffic may depend on such a path.
    var blockedPaths: Set<Int> = []
    /// The operator calls until the fleet is where it should be.
    var isSettling = false
    var calls: [OperatorCall] = []
    let operatorLane: Lane
    var watch = EnabledWatch()
    private var diskRandom: SeededGenerator
    private var kernelRandom: SeededGenerator
    var faultRandom: SeededGenerator
    private let transcript: ((String) -> Void)?

    init(_ scenario: Scenario, programs: any Programs, flaws: Flaws, transcript: ((String) -> Void)?) {
        self.scenario = scenario
        self.programs = programs
        self.flaws = flaws
        self.transcript = transcript
        let scheduler = Scheduler(seed: scenario.seed)
        self.scheduler = scheduler
        confinedScheduler = Confined(scheduler)
        diskRandom = SeededGenerator(seed: scenario.seed, stream: .disk)
        kernelRandom = SeededGenerator(seed: scenario.seed, stream: .kernel)
        faultRandom = SeededGenerator(seed: scenario.seed, stream: .faults)
        var random = SeededGenerator(seed: scenario.seed, stream: .names)
        journal = FleetJournal(
            JournalState(
                epoch: Epoch(random.next()), fleetID: (0..<16).map { _ in UInt8(random.draw(0...255)) },
                fleetUUID: "00000000-0000-4000-8000-000000000007"))
        coordinatorClock = Self.makeClock(confinedScheduler, &random)
        operatorLane = scheduler.makeLane(confinedScheduler)
        for index in 0..<scenario.nodeCount {
            let host = Self.makeHost(index, scenario, clock: Self.makeClock(confinedScheduler, &random), &random)
            hosts += host.map { [$0] } ?? []
        }
        checker = Checker(hosts, scenario: scenario) { scheduler.now }
        scheduler.afterStep = { [unowned self] in afterStep() }
    }

    private static func makeClock(_ scheduler: Confined<Scheduler>, _ random: inout SeededGenerator) -> VirtualClock {
        // A host has been up for a second to a day.
        VirtualClock(
            scheduler, bornAt: scheduler.object.now, aheadMicroseconds: random.draw(1_000_000...86_400_000_000))
    }

    private static func makeHost(
        _ index: Int, _ scenario: Scenario, clock: VirtualClock, _ random: inout SeededGenerator
    ) -> FleetHost? {
        let identity = (0..<IdentityKey.byteCount).map { _ in UInt8(random.draw(0...255)) }
        let letter = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
        let addresses = scenario.families.compactMap { family in
            Address(family == .ipv4 ? "10.77.0.\(index + 1)" : "fd77::\(index + 1)")
        }
        guard let name = NodeName(letter), let number = NodeNumber(UInt32(index + 1)) else { return nil }
        let host = FleetHost(
            index: index, node: Node(number: number, name: name, addresses: addresses, identityKey: []),
            identity: identity, clock: clock)
        if scenario.slowNodes.contains(index) {
            host.trouble.callMicroseconds = 2_000...60_000
        }
        // In half of the fleets a batch takes time, so that packets and others see it half made.
        if random.chance(percent: 50) { host.trouble.changeMicroseconds = 0...400 }
        return host
    }

    // MARK: Processes

    /// Starts everything for the first time.
    func start() {
        startCoordinator()
        for host in hosts { scheduler.after(microseconds: drawDisk(0...100_000)) { [self] in startAgent(host) } }
    }

    func startCoordinator() {
        guard coordinator.map({ !$0.isAlive }) ?? true else { return }
        let process = SimulatedProcess(.coordinator, in: self, clock: coordinatorClock)
        coordinator = process
        watch.forget()
        tell("coordinator starts")
        let members = hosts.map {
            CoordinatorSeat.Member(name: $0.name, addresses: $0.node.addresses, identity: $0.identity)
        }
        var limits = scenario.limits
        limits.flaws = flaws
        let confined = Confined(process)
        let seat = CoordinatorSeat(
            members: members, bypass: [.ssh, .neighbourDiscovery], limits: limits,
            bus: bus.open(coordinator: process), journal: JournalEnd(process), clock: coordinatorClock,
            random: { confined.object.world.drawNumber() }, checkpoint: process.checkpoint(),
            ready: { confined.object.control = $0 }, tell: process.tell)
        process.start { [programs] in await programs.runCoordinator(seat) }
    }

    func startAgent(_ host: FleetHost) {
        guard host.isUp, host.agent.map({ !$0.isAlive }) ?? true else { return }
        host.incarnations += 1
        host.probeNonce = nil
        let process = SimulatedProcess(.agent(host.index), in: self, clock: host.clock)
        host.agent = process
        tell("\(host.name) starts")
        let seat = AgentSeat(
            number: host.node.number, identity: host.identity, bootID: host.bootID,
            incarnation: UInt64(host.index) << 32 | host.incarnations, bus: bus.open(agent: process, of: host.index),
            kernel: HostKernel(process, host), record: HostRecord(process, host), probe: HostProbe(process, host),
            host: SimulatedHost(), clock: host.clock,
            checkpoint: process.checkpoint(), flaws: flaws, tell: process.tell)
        process.start { [programs] in await programs.runAgent(seat) }
    }

    /// Ends a process at once; another one takes its place after a while.
    func kill(_ process: SimulatedProcess, because reason: String) {
        guard process.isAlive else { return }
        tell("\(name(process.target)) killed \(reason)")
        process.kill()
        bus.close(process)
        if process.target == .coordinator {
            // A write that had not returned is there or not.
            for entries in process.unsynced.sorted(by: { $0.key < $1.key }).map(\.value)
            where !journal.isFull && diskRandom.chance(percent: 50) { journal.write(entries) }
            cutCallsOff(from: process)
        }
        scheduler.after(microseconds: faultRandom.draw(Self.returnMicroseconds)) { [self] in restart(process.target) }
    }

    /// A program has returned: its service is started again.
    func processEnded(_ process: SimulatedProcess) {
        tell("\(name(process.target)) ends by itself")
        bus.close(process)
        if process.target == .coordinator { cutCallsOff(from: process) }
        scheduler.after(microseconds: Self.restartMicroseconds) { [self] in restart(process.target) }
    }

    func processResumed(_ process: SimulatedProcess) { tell("\(name(process.target)) goes on") }

    func restart(_ target: Fault.Target) {
        switch target {
        case .coordinator: startCoordinator()
        case .agent(let index): startAgent(hosts[index])
        }
    }

    func process(_ target: Fault.Target) -> SimulatedProcess? {
        switch target {
        case .coordinator: coordinator
        case .agent(let index): hosts[index].agent
        }
    }

    /// The coordinator's host is started anew: its clock begins elsewhere.
    func renewCoordinatorClock() { coordinatorClock = Self.makeClock(confinedScheduler, &faultRandom) }
    func renewClock(of host: FleetHost) { host.clock = Self.makeClock(confinedScheduler, &faultRandom) }

    // MARK: What ports ask for

    func drawNumber() -> UInt64 { kernelRandom.next() }
    func drawDisk(_ range: ClosedRange<UInt64>) -> UInt64 { diskRandom.draw(range) }
    func drawKernel(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.upperBound == 0 ? 0 : kernelRandom.draw(range)
    }

    func perform(_ change: KernelChange, on host: FleetHost) -> KernelError? {
        let error = checker.perform(change, on: host)
        scheduler.note(UInt64(host.index) << 8 | (error == nil ? 1 : 0))
        if tellsAll { tell("\(host.name): kernel: \(change.change)\(error.map { ": \($0.message)" } ?? "")") }
        return error
    }

    func index(of node: NodeNumber) -> Int? {
        let index = Int(node.rawValue) - 1
        return hosts.indices.contains(index) ? index : nil
    }

    func name(_ target: Fault.Target) -> String {
        switch target {
        case .coordinator: "coordinator"
        case .agent(let index): hosts[index].name.text
        }
    }

    // MARK: The transcript

    var tellsAll: Bool { transcript != nil }

    func tell(_ line: @autoclosure () -> String) {
        guard let transcript else { return }
        let microseconds = scheduler.now.microseconds
        let fraction = "\(1_000_000 + microseconds % 1_000_000)".dropFirst()
        transcript("@\(microseconds / 1_000_000).\(fraction) \(line())")
    }

    /// After every job and every moment: whatever can be wrong at any time.
    private func afterStep() {
        watch.look(at: self)
        if checker.violation != nil { scheduler.stop() }
    }
}
