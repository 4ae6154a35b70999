internal import ArgumentParser
internal import Bus
internal import Fleet
internal import Ladder
internal import LinuxHost
internal import Logging
internal import MeshKeys
internal import ZeroMQ

/// Agents of a large fleet on one thread: all, or some of them.
struct AgentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents", abstract: "Agents of a large fleet, until it is killed.",
        discussion: """
            Prints {"clock_microseconds", "welcome", "losses"} when either figure has changed, at most ten times a second, \
            and of its first agent's first orders {"order", "answer"}: bytes.
            """)

    /// Between two looks at how many there are.
    private static let tellMilliseconds: UInt64 = 100
    /// The longest wait for the next message.
    private static let idleMilliseconds = 100

    @OptionGroup var fleet: FleetOptions
    @Option(help: "The number of its first agent.")
    var first = 1
    @Option(help: "How many agents it has, all that follow by default.")
    var count: Int?

    func validate() throws {
        guard (1...fleet.agents).contains(first), (1...fleet.agents - first + 1).contains(count ?? 1) else {
            throw ValidationError("--first and --count are of the fleet's agents")
        }
    }

    func run() throws {
        let keys = try FleetKeys(fleet)
        let own = try keys.pairs(from: first, count: count)
        // A descriptor for the connection and one for the socket.
        try DescriptorLimit.raise(forConnections: 2 * own.count)
        let context = try ZeroMQContext(socketsMaximum: Int32(own.count + 64))
        let version = RosterVersion(of: try SwarmFleet.roster(fleet.agents))
        let sockets = try SocketSet()
        var agents: [SummaryAgent] = []
        for (index, key) in own.enumerated() {
            let dealer = try AgentDealer.socket(server: keys.coordinator.publicKey, key: key, in: context)
            try dealer.connect(fleet.endpoint)
            let agent = SummaryAgent(first + index, dealer, roster: version, isWatched: first + index == 1)
            try agent.join(sockets, as: index)
            agents.append(agent)
            try agent.serve()
        }
        try serve(agents, sockets)
    }

    private func serve(_ agents: [SummaryAgent], _ sockets: borrowing SocketSet) throws {
        let clock = BootClock()
        var next = (agent: 0, at: clock.now())
        var told = (welcome: -1, losses: -1)
        var tells = clock.now()
        while true {
            let now = clock.now()
            let wait = next.at > now ? min(Int(next.at.microseconds(since: now) / 1_000) + 1, Self.idleMilliseconds) : 0
            for name in try sockets.wait(milliseconds: wait) { try agents[name].serve() }
            // Heartbeats of a fleet are spread over its interval.
            if clock.now() >= next.at {
                let agent = agents[next.agent]
                try agent.beat()
                let gap = agent.heartbeatMilliseconds * 1_000 / UInt64(agents.count)
                next = ((next.agent + 1) % agents.count, Instant(microseconds: next.at.microseconds + gap))
            }
            if clock.now() >= tells {
                tells = clock.now().advanced(byMilliseconds: Self.tellMilliseconds)
                let figures = (agents.count(where: \.isWelcome), agents.reduce(0) { $0 + $1.losses })
                if figures != told {
                    told = figures
                    tell(
                        "{\"clock_microseconds\":\(clock.now().microseconds),\"welcome\":\(told.welcome),\"losses\":\(told.losses)}"
                    )
                }
            }
        }
    }
}
