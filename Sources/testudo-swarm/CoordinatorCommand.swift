internal import ArgumentParser
internal import Bus
internal import Coordinator
internal import Fleet
internal import LinuxHost
internal import Logging
internal import Ports
internal import Store
internal import ZeroMQ

/// The coordinator of a large fleet.
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "The coordinator of a large fleet: toggles it, or stays.",
        discussion: """
            Prints one JSON object a line: {"present", "clock_microseconds"} when every agent is there, then each toggle: \
            {"agents", "kind", "microseconds", "drain_microseconds", "steps", "fan_out", "fan_in", "journal", \
            "clock_microseconds"}; times in microseconds, clocks since the machine's start.
            """)

    /// No state is waited for longer.
    private static let patienceMilliseconds: UInt64 = 120_000

    @OptionGroup var fleet: FleetOptions
    @Option(help: "Toggles on and off that are told.")
    var rounds = 10
    @Option(help: "Toggles on and off before them.")
    var warmUps = 1
    @Option(help: "The drain in milliseconds.")
    var drain: UInt64 = 50
    @Flag(help: "Each round waits for a line of standard input, so that something else can be measured in turns.")
    var inTurns = false
    @Flag(help: "Offers are sent whole: N² bytes in all.")
    var wholeOffers = false
    @Flag(help: "A fleet that was off is on after the last toggle; so it is when its next coordinator begins.")
    var leaveOn = false
    @Option(help: "Seconds that it stays after the last toggle.")
    var stay: UInt64 = 0

    func validate() throws {
        guard (0...10_000).contains(rounds), (0...10_000).contains(warmUps) else {
            throw ValidationError("--rounds and --warm-ups take 0 to 10000")
        }
        guard stay <= 86_400 else { throw ValidationError("--stay takes at most a day") }
    }

    func run() async throws {
        let logger = Logger(label: "swarm") { StandardErrorLog(label: $0, level: .error) }
        let keys = try FleetKeys(fleet)
        let clock = BootClock()
        let (fanOut, journaling) = (Spent(), Spent())
        let configuration = SwarmFleet.configuration(try SwarmFleet.members(fleet.agents), drainMilliseconds: drain)
        let journal = MeasuredJournal(
            journal: try SQLiteJournal(path: fleet.journalPath, fresh: SwarmFleet.fresh), spent: journaling)
        let enrolment = try await Enrolment.enrol(configuration, in: journal)
        var enrolled: [CurvePublicKey: NodeNumber] = [:]
        for (member, key) in zip(configuration.members, keys.publicKeys) {
            enrolled[key] = enrolment.state.numbers[member.name]
        }
        let bus = try CoordinatorZeroMQBus(
            endpoints: [fleet.endpoint], key: keys.coordinator, enrolled: enrolled, logger: logger)
        let coordinator = Coordinator(
            configuration, enrolment: enrolment, bus: MeasuredBus(bus: bus, isWhole: wholeOffers, fanOut: fanOut),
            journal: journal,
            clock: clock, logger: logger, beside: bus)
        try await bus.start()
        let direction = Task { await coordinator.run() }
        defer { direction.cancel() }
        try await present(coordinator, clock)
        let isOn = coordinator.status().enabled
        for round in 0..<warmUps + rounds {
            if inTurns, readLine() == nil { return }
            for enabled in [!isOn, isOn] {
                let before = (fanOut: fanOut.microseconds, journal: journaling.microseconds)
                let record = try await coordinator.toggle(enabled)
                guard round >= warmUps else { continue }
                let (out, journal) = (fanOut.microseconds - before.fanOut, journaling.microseconds - before.journal)
                let known = out + journal + record.drainMicroseconds
                let further =
                    ",\"fan_out\":\(out),\"fan_in\":\(record.microseconds - min(record.microseconds, known)),"
                    + "\"journal\":\(journal),\"clock_microseconds\":\(clock.now().microseconds)"
                tell(record.line(agents: fleet.agents, further: further))
            }
        }
        if leaveOn, !isOn { tell(try await coordinator.toggle(true).line(agents: fleet.agents)) }
        if stay > 0 { await clock.sleep(until: clock.now().advanced(byMilliseconds: stay * 1_000)) }
    }

    private func present(_ coordinator: Coordinator, _ clock: BootClock) async throws {
        let deadline = clock.now().advanced(byMilliseconds: Self.patienceMilliseconds)
        while true {
            let present = coordinator.status().nodes.count(where: \.isPresent)
            if present == fleet.agents { break }
            guard clock.now() < deadline else { throw SwarmError("\(present) of \(fleet.agents) agents are there") }
            await clock.sleep(until: clock.now().advanced(byMilliseconds: 20))
        }
        tell("{\"present\":\(fleet.agents),\"clock_microseconds\":\(clock.now().microseconds)}")
    }
}
