internal import Agent
internal import ArgumentParser
internal import Bus
internal import Fleet
internal import Glibc
internal import Ladder
internal import LinuxHost
internal import Logging
internal import MeshKeys
internal import Netlink
internal import Ports
internal import Probe
internal import Simulated
internal import ZeroMQ

/// One host's agent.
@main
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo-agent",
        abstract: "Changes this host's XFRM state as the fleet's coordinator orders, and reports what the kernel says.",
        subcommands: [Run.self, Close.self, KeyGeneration.self])

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Runs the agent (needs CAP_NET_ADMIN).")

        @Option(help: "A file of key = value lines; the environment and the options below outrank it.")
        var config: String?
        @Option(help: "The kernel to change.")
        var kernel = KernelChoice.host
        @Option(help: "This node's name.")
        var name: String?
        @Option(help: "tcp://IP-ADDRESS:PORT of the coordinator.")
        var coordinator: String?
        @Option(help: "The coordinator's public CURVE key, Z85.")
        var coordinatorKey: String?
        @Option(help: "The file with this node's CURVE key.")
        var busKeyFile: String?
        @Option(help: "The file with this node's identity key.")
        var identityKeyFile: String?
        @Option(help: "The folder for what must survive a restart.")
        var stateDirectory: String?
        @Option(help: ArgumentHelp("The protocol version to announce, for tests.", visibility: .hidden))
        var announcedProtocol = Ladder.protocolVersion
        @Option(help: "trace, debug, info, notice, warning, error or critical.", transform: StandardErrorLog.level)
        var logLevel = Logger.Level.info

        func run() async throws {
            ProcessMemory.keepSmall()
            let settings = try readSettings()
            let logger = Logger(label: "agent") { [logLevel] in StandardErrorLog(label: $0, level: logLevel) }
            try HostFile.makeFolder(settings.stateDirectory)
            let identity = try IdentityKey(
                HexSecret.read(try HostFile.readSecret(settings.identityKeyFile), byteCount: IdentityKey.byteCount))
            let keys = try CurveKeyPair(secretText: try HostFile.readSecret(settings.busKeyFile))
            guard let server = CurvePublicKey(settings.coordinatorKey) else {
                throw HostError(
                    "coordinator_key: expected 40 characters of Z85, as testudo-coordinator keygen prints them")
            }
            let bus = try AgentZeroMQBus(endpoint: settings.coordinator, server: server, key: keys, logger: logger)
            let agent = try await NodeAgent(
                NodeAgent.Identity(
                    incarnation: UInt64.random(in: 1...UInt64.max), bootID: try bootID(),
                    protocolVersion: announcedProtocol, firstSlot: Slot(UInt16.random(in: 1...Slot.maximum))),
                identityKey: identity, rules: settings.rules, bus: bus, machine: try machine(settings, logger),
                checkpoint: HaltSwitch.checkpoint(HostEnvironment.value(HaltSwitch.variable)), logger: logger)
            logger.info("agent runs", metadata: ["node": "\(settings.name)", "coordinator": "\(settings.coordinator)"])
            try await bus.start()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await ProcessMemory.keepTrimmed() }
                await agent.run()
                group.cancelAll()
            }
        }

        private func readSettings() throws -> AgentSettings {
            var file: (path: String, text: String)?
            if let config {
                guard let bytes = try HostFile.read(config) else { throw HostError("\(config): no such file") }
                file = (config, String(decoding: bytes, as: UTF8.self))
            }
            let given = [
                "name": name, "coordinator": coordinator, "coordinator_key": coordinatorKey,
                "bus_key_file": busKeyFile, "identity_key_file": identityKeyFile, "state_directory": stateDirectory,
            ]
            return try AgentSettings.read(
                file: file, environment: HostEnvironment.all(), flags: given.compactMapValues { $0 })
        }

        private func machine(_ settings: AgentSettings, _ logger: Logger) throws -> NodeAgent.Machine {
            let record = FileNodeRecord(path: settings.recordPath)
            switch kernel {
            case .host:
                return NodeAgent.Machine(
                    kernel: try XFRMKernel(), record: record, probe: UDPPathProbe(clock: BootClock()),
                    host: MachineFacts(), clock: BootClock())
            case .simulated:
                return NodeAgent.Machine(
                    kernel: SimulatedKernel(), record: record, probe: SimulatedProbe(), host: SimulatedHost(),
                    clock: BootClock())
            }
        }

        /// 16 bytes of the kernel's boot id.
        private func bootID() throws -> [UInt8] {
            let path = "/proc/sys/kernel/random/boot_id"
            let digits = (try HostFile.read(path) ?? []).filter { $0 != UInt8(ascii: "-") && $0 > 32 }
            let nibbles = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            guard nibbles.count == 32 else { throw HostError("\(path) does not hold a boot id") }
            return stride(from: 0, to: 32, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
        }
    }

    /// What a unit that is ordered before the network runs.
    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Closes the edges that were protected when this machine went down; run it before the network is up.")

        @Option(help: "The agent's file of key = value lines.")
        var config = "/etc/testudo-agent/agent.conf"

        func run() async throws {
            let text = (try? HostFile.read(config)).map { String(decoding: $0, as: UTF8.self) }
            let (record, complaint) = AgentSettings.recordPath(
                path: config, text: text, environment: HostEnvironment.all())
            if let complaint {
                Logger(label: "close") { StandardErrorLog(label: $0, level: .info) }.warning("\(complaint)")
            }
            guard let memory = try FileNodeRecord(path: record).load() else { return }
            let closed = try await BootShield.raise(memory.shield, on: try XFRMKernel())
            print("\(closed) address pairs closed")
        }
    }

    struct KeyGeneration: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "keygen", abstract: "Makes this node's CURVE and identity keys and prints their public halves."
        )

        @Option(help: "The folder for bus.key and identity.key (0600); neither may exist.")
        var directory: String

        func run() throws {
            try HostFile.makeFolder(directory)
            let keys = try CurveKeyPair.generate()
            let identity = IdentityKey.makeSecret()
            let publicKey = try IdentityKey(identity).publicKey
            try HostFile.create(directory + "/bus.key", secret: keys.secretText)
            try HostFile.create(directory + "/identity.key", secret: HexSecret.text(identity))
            print("bus_key: \(keys.publicKey)")
            print("identity_key: \(Base64.encode(publicKey))")
        }
    }
}

enum KernelChoice: String, ExpressibleByArgument, CaseIterable {
    /// The kernel of this network namespace.
    case host
    /// A model in memory that changes nothing: for trials, API clients and load tests.
    case simulated
}
