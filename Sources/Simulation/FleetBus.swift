internal import Fleet
internal import Ladder
internal import Ports

/// The bus of one simulated fleet: connections that break and are made again, and messages that are late, lost, doubled
/// and overtaken.
///
/// A message belongs to its connection: what is under way when a connection ends is gone with it, as on TCP, and as
/// the router drops what still comes from an older connection of a node.
final class FleetBus {
    /// One connection of one agent process with one coordinator process.
    private final class Connection {
        let agent: AgentEnd
        let coordinator: CoordinatorEnd
        var isOpen = true
        /// The coordinator learns a connection from its first message.
        var isHeard = false
        var newestDown = Instant(microseconds: 0)
        var newestUp = Instant(microseconds: 0)

        init(_ agent: AgentEnd, _ coordinator: CoordinatorEnd) {
            self.agent = agent
            self.coordinator = coordinator
        }
    }

    /// What the bus does to one node's messages.
    private struct Line {
        var agent: AgentEnd?
        var connection: Connection?
        /// How many faults cut each way now.
        var cutsDown = 0
        var cutsUp = 0
        var holds = false
        /// Sent into a cut that holds: what TCP sends again until it is heard.
        var held: [() -> Void] = []
    }

    /// libzmq's own wait before it connects again (BusLimits.reconnectMilliseconds).
    private static let reconnectMicroseconds: ClosedRange<UInt64> = 1_000...400_000
    /// A connection on which nothing passes ends after so long: sooner than by the kernels' keep-alive (BusLimits.keepAlive).
    static let deafMicroseconds: UInt64 = 10_000_000
    private static let slowFactor: UInt64 = 10
    /// However slow: a few of these fit into a rung's deadline of 10 s.
    private static let delayMicrosecondsMaximum: UInt64 = 3_000_000
    /// In quiet no message takes longer: a rollout has some twenty, one after the other, and 16 s for them.
    private static let fairMicroseconds: UInt64 = 50_000

    private unowned let world: FleetWorld
    private var random: SeededGenerator
    private var weather: Scenario.BusWeather
    private var coordinator: CoordinatorEnd?
    private var lines: [Line]

    init(_ world: FleetWorld) {
        self.world = world
        random = SeededGenerator(seed: world.scenario.seed, stream: .bus)
        weather = world.scenario.weather
        lines = Array(repeating: Line(), count: world.scenario.nodeCount)
    }

    // MARK: Processes come and go

    func open(coordinator process: SimulatedProcess) -> CoordinatorEnd {
        let end = CoordinatorEnd(process)
        coordinator = end
        for index in lines.indices { connectSoon(index) }
        return end
    }

    func open(agent process: SimulatedProcess, of index: Int) -> AgentEnd {
        let end = AgentEnd(process, index: index)
        lines[index].agent = end
        connectSoon(index)
        return end
    }

    /// A process is gone: so are its connections.
    func close(_ process: SimulatedProcess) {
        for index in lines.indices {
            guard let connection = lines[index].connection else { continue }
            if connection.agent.process === process || connection.coordinator.process === process { disconnect(index) }
        }
    }

    /// A connection ends; both sides hear of it and a new one is made.
    func disconnect(_ index: Int) {
        guard let connection = lines[index].connection else { return }
        connection.isOpen = false
        lines[index].connection = nil
        lines[index].held = []
        world.tell("bus: \(world.hosts[index].name) disconnected")
        world.scheduler.after(microseconds: random.draw(100...2_000)) {
            connection.agent.receive(.disconnected)
        }
        connectSoon(index)
    }

    // MARK: Cuts

    /// Messages do not pass; those sent meanwhile come later if `holds`, as TCP sends again, or never.
    func cut(_ index: Int, _ direction: Fault.Direction, holds: Bool) {
        if direction != .toCoordinator { lines[index].cutsDown += 1 }
        if direction != .toAgent { lines[index].cutsUp += 1 }
        lines[index].holds = holds
        endIfDeaf(index)
    }

    func join(_ index: Int, _ direction: Fault.Direction) {
        if direction != .toCoordinator { lines[index].cutsDown = max(0, lines[index].cutsDown - 1) }
        if direction != .toAgent { lines[index].cutsUp = max(0, lines[index].cutsUp - 1) }
        if !isCut(index) { release(index) }
    }

    /// The connection ends if nothing has passed until the heartbeats' time is out.
    func endIfDeaf(_ index: Int) {
        guard let connection = lines[index].connection else { return }
        world.scheduler.after(microseconds: Self.deafMicroseconds) { [self] in
            guard connection === lines[index].connection else { return }
            let isDeaf = [connection.agent.process, connection.coordinator.process].contains { $0.isStopped }
            if isCut(index) || isDeaf { disconnect(index) }
        }
    }

    /// Whatever was wrong with the bus is right from now on.
    func heal() {
        weather.lossPercent = 0
        weather.duplicatePercent = 0
        weather.stragglerPercent = 0
        weather.reorders = false
        let fastest = weather.delayMicroseconds.lowerBound
        weather.delayMicroseconds = fastest...min(weather.delayMicroseconds.upperBound, fastest + Self.fairMicroseconds)
        for index in lines.indices {
            lines[index].cutsDown = 0
            lines[index].cutsUp = 0
            release(index)
        }
    }

    private func release(_ index: Int) {
        let held = lines[index].held
        lines[index].held = []
        for send in held { send() }
    }

    private func isCut(_ index: Int) -> Bool { lines[index].cutsDown > 0 || lines[index].cutsUp > 0 }

    private func connectSoon(_ index: Int) {
        world.scheduler.after(microseconds: random.draw(Self.reconnectMicroseconds)) { [self] in connect(index) }
    }

    private func connect(_ index: Int) {
        guard lines[index].connection == nil, let agent = lines[index].agent, let coordinator,
            agent.process.isAlive, coordinator.process.isAlive
        else { return } // Whoever is missing connects when it comes.
        if isCut(index) || agent.process.isStopped || coordinator.process.isStopped { return connectSoon(index) }
        lines[index].connection = Connection(agent, coordinator)
        world.tell("bus: \(world.hosts[index].name) connected")
        agent.receive(.connected)
    }

    // MARK: Messages

    func send(_ message: AgentMessage, from end: AgentEnd) {
        guard let connection = lines[end.index].connection, connection.agent === end else { return }
        transmit(on: connection, end.index, isDown: false) { [self] in
            connection.isHeard = true
            world.coordinatorHears(message, from: end.index)
            connection.coordinator.receive(.message(message, from: world.hosts[end.index].node.number))
        }
    }

    func send(_ delivery: Delivery, from end: CoordinatorEnd) {
        for node in delivery.nodes {
            guard let index = world.index(of: node), let connection = lines[index].connection,
                connection.coordinator === end, connection.isHeard
            else { continue }
            transmit(on: connection, index, isDown: true) { connection.agent.receive(.message(delivery.message)) }
        }
    }

    private func transmit(
        on connection: Connection, _ index: Int, isDown: Bool, _ arrive: @escaping () -> Void
    ) {
        guard connection.isOpen else { return }
        if (isDown ? lines[index].cutsDown : lines[index].cutsUp) > 0 {
            guard lines[index].holds else { return }
            lines[index].held.append { [self] in transmit(on: connection, index, isDown: isDown, arrive) }
            return
        }
        if random.chance(percent: weather.lossPercent) { return }
        deliver(on: connection, index, isDown: isDown, arrive)
        if random.chance(percent: weather.duplicatePercent) { deliver(on: connection, index, isDown: isDown, arrive) }
    }

    private func deliver(
        on connection: Connection, _ index: Int, isDown: Bool, _ arrive: @escaping () -> Void
    ) {
        var delay = random.draw(weather.delayMicroseconds)
        if world.scenario.slowNodes.contains(index), !world.isHealed { delay *= Self.slowFactor }
        if random.chance(percent: weather.stragglerPercent) { delay *= Self.slowFactor }
        var moment = Instant(microseconds: world.scheduler.now.microseconds + min(delay, Self.delayMicrosecondsMaximum))
        if !weather.reorders {
            moment = max(moment, isDown ? connection.newestDown : connection.newestUp)
            // A microsecond apart, so that chance does not break the tie.
            let next = Instant(microseconds: moment.microseconds + 1)
            if isDown { connection.newestDown = next } else { connection.newestUp = next }
        }
        world.scheduler.at(moment) {
            if connection.isOpen { arrive() }
        }
    }
}

/// An agent process's end of the bus.
final class AgentEnd: AgentBus {
    let events: AsyncStream<[AgentBusEvent]>
    private let input: AsyncStream<[AgentBusEvent]>.Continuation
    private let confined: Confined<SimulatedProcess>
    let index: Int

    init(_ process: SimulatedProcess, index: Int) {
        confined = Confined(process)
        self.index = index
        (events, input) = AsyncStream.makeStream()
    }

    var process: SimulatedProcess { confined.object }

    func send(_ message: AgentMessage) async {
        guard process.isAlive else { return }
        process.world.bus.send(message, from: self)
    }

    func receive(_ event: AgentBusEvent) {
        guard process.isAlive else { return }
        if case .message(let message) = event { process.tell?("hears \(message.summary)") }
        input.yield([event])
    }
}

/// A coordinator process's end of the bus.
final class CoordinatorEnd: CoordinatorBus {
    let events = Mailbox<CoordinatorBusEvent>(maximum: .max)
    private let confined: Confined<SimulatedProcess>

    init(_ process: SimulatedProcess) {
        confined = Confined(process)
    }

    var process: SimulatedProcess { confined.object }

    func send(_ deliveries: [Delivery]) async {
        guard process.isAlive else { return }
        for delivery in deliveries {
            if case .heartbeat = delivery.message {
            } else {
                let nodes = delivery.nodes.map(\.description).joined(separator: " ")
                process.tell?("sends \(delivery.message.summary) to \(nodes)")
            }
            process.world.bus.send(delivery, from: self)
        }
    }

    func receive(_ event: CoordinatorBusEvent) {
        guard process.isAlive else { return }
        if case .message(let message, let node) = event { process.tell?("hears from \(node): \(message.summary)") }
        events.put([event])
    }
}
