internal import ArgumentParser
internal import Bus
internal import Coordinator
internal import CoordinatorAPI
internal import Fleet
internal import Glibc
internal import LinuxHost
internal import Logging
internal import Ports
internal import ServiceLifecycle
internal import Store
internal import UnixSignals
internal import ZeroMQ

/// The fleet's coordinator.
@main
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo-coordinator",
        abstract: "Turns IPsec on and off across a fleet: REST to operators, ZeroMQ to agents.",
        subcommands: [Run.self, Check.self, KeyGeneration.self, AccountCommand.self])

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Runs the coordinator.")

        @Option(help: "The YAML file; config/coordinator.yaml shows every key.")
        var config = "/etc/testudo/coordinator.yaml"
        @Option(help: "trace, debug, info, notice, warning, error or critical.", transform: StandardErrorLog.level)
        var logLevel = Logger.Level.info

        func run() async throws {
            let settings = try Settings.load(config)
            let logger = Logger(label: "coordinator") { [logLevel] in StandardErrorLog(label: $0, level: logLevel) }
            // Requests are no events of the fleet: the REST server's lines stay out.
            let events = EventLog()
            let fleetLogger = Logger(label: "coordinator") { [logLevel] in
                MultiplexLogHandler([StandardErrorLog(label: $0, level: logLevel), events.handler()])
            }
            try HostFile.makeFolder(settings.stateDirectory)
            let journal = try SQLiteJournal(path: settings.stateDirectory + "/journal.sqlite", fresh: freshFleet())
            let enrolment = try await Enrolment.enrol(settings.fleet, in: journal)
            let bus = try openBus(settings, enrolment, logger)
            let coordinator = Coordinator(
                settings.fleet, enrolment: enrolment, bus: bus, journal: journal, clock: BootClock(),
                checkpoint: HaltSwitch.checkpoint(HostEnvironment.value(HaltSwitch.variable)), logger: fleetLogger,
                beside: bus)
            try HostFile.makeFolder(settings.restDirectory)
            var rest = RESTConfiguration(
                listen: [.init(host: settings.restListen.host, port: settings.restListen.port)],
                directory: settings.restDirectory, names: settings.restNames)
            rest.returnTimeoutSeconds = settings.returnTimeoutSeconds
            rest.certificate = settings.restCertificate
            let server = try RESTServer(control: coordinator, configuration: rest, events: events, logger: logger)
            try await bus.start()
            if let complaint = ConnectionBacklog.complaint(connections: enrolment.roster.nodes.count) {
                logger.warning("not all nodes can connect at once", metadata: ["reason": "\(complaint)"])
            }
            logger.info(
                "coordinator runs",
                metadata: ["nodes": "\(enrolment.roster.nodes.count)", "fleet": "\(enrolment.state.fleetUUID)"])
            let services = ServiceGroup(
                services: [Direction(coordinator: coordinator), Interface(server: server)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            try await services.run()
        }

        private func openBus(
            _ settings: Settings, _ enrolment: Enrolment, _ logger: Logger
        ) throws -> CoordinatorZeroMQBus {
            let keys = try CurveKeyPair(secretText: try HostFile.readSecret(settings.busKeyFile))
            var enrolled: [CurvePublicKey: NodeNumber] = [:]
            for (name, text) in settings.busKeys {
                guard let key = CurvePublicKey(text) else {
                    throw HostError("\(config): bus_key of \(name) is not Z85")
                }
                enrolled[key] = enrolment.state.numbers[name]
            }
            return try CoordinatorZeroMQBus(
                endpoints: [settings.busListen], key: keys, enrolled: enrolled, logger: logger)
        }

        private func freshFleet() -> SQLiteJournal.FreshFleet {
            func random() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: 0...255) } }
            return SQLiteJournal.FreshFleet(
                epoch: Epoch(UInt64.random(in: 1...UInt64(Int64.max))), fleetID: random(),
                uuid: RandomUUID.text(random()))
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads the configuration and says what is wrong with it.")

        @Option(help: "The YAML file.")
        var config = "/etc/testudo/coordinator.yaml"

        func run() throws {
            let settings = try Settings.load(config)
            print("\(config): \(settings.fleet.members.count) nodes, no mistake found")
        }
    }

    struct KeyGeneration: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "keygen", abstract: "Makes the coordinator's CURVE key and prints its public half.")

        @Option(help: "The folder for bus.key (0600), which may not exist.")
        var directory: String

        func run() throws {
            try HostFile.makeFolder(directory)
            let keys = try CurveKeyPair.generate()
            try HostFile.create(directory + "/bus.key", secret: keys.secretText)
            print("bus_key: \(keys.publicKey)")
        }
    }
}

/// The coordinator's actor for as long as the process lives; a graceful shutdown ends it between two events.
struct Direction: Service {
    let coordinator: Coordinator

    func run() async throws {
        await cancelWhenGracefulShutdown { await coordinator.run() }
    }
}

/// The REST server for as long as the process lives.
struct Interface: Service {
    let server: RESTServer

    func run() async throws { try await server.run() }
}

/// A version 4 UUID (RFC 4122 §4.4) as text.
enum RandomUUID {
    static func text(_ random: [UInt8]) -> String {
        var bytes = random
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }
}
