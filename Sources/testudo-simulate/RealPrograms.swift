internal import Agent
internal import Coordinator
internal import Fleet
internal import Ladder
internal import Logging
internal import MeshKeys
internal import Ports
internal import Simulation

/// The real coordinator and the real agent over simulated ports.
struct RealPrograms: Programs {
    /// Often enough that storms meet inspections.
    private static let inspectionMilliseconds: UInt64 = 7_000

    func runAgent(_ seat: AgentSeat) async {
        do {
            let agent = try await NodeAgent(
                .init(incarnation: seat.incarnation, bootID: seat.bootID, flaws: seat.flaws),
                identityKey: IdentityKey(Secret(copying: seat.identity.span)), bus: seat.bus,
                machine: .init(
                    kernel: seat.kernel, record: seat.record, probe: seat.probe, host: seat.host, clock: seat.clock),
                checkpoint: seat.checkpoint, logger: logger(seat.tell))
            await agent.run()
        } catch {
            seat.tell?("cannot start: \(error)")
        }
    }

    func runCoordinator(_ seat: CoordinatorSeat) async {
        do {
            let members = try seat.members.map { member in
                FleetConfiguration.Member(
                    name: member.name, addresses: member.addresses,
                    identityKey: try IdentityKey(Secret(copying: member.identity.span)).publicKey)
            }
            let configuration = FleetConfiguration(
                name: "simulated", members: members, bypass: seat.bypass, limits: seat.limits,
                inspectionMilliseconds: Self.inspectionMilliseconds)
            let enrolment = try await Enrolment.enrol(configuration, in: seat.journal)
            let coordinator = Coordinator(
                configuration, enrolment: enrolment, bus: seat.bus, journal: seat.journal, clock: seat.clock,
                random: seat.random, checkpoint: seat.checkpoint, logger: logger(seat.tell))
            seat.ready(coordinator)
            await coordinator.run()
        } catch {
            seat.tell?("cannot start: \(error)")
        }
    }

    private func logger(_ tell: (@Sendable (String) -> Void)?) -> Logger {
        guard let tell else { return Logger(label: "simulated") { _ in SwiftLogNoOpLogHandler() } }
        return Logger(label: "simulated") { _ in TranscriptLog(tell: tell) }
    }
}

/// What a program logs, as lines of the transcript.
private struct TranscriptLog: LogHandler {
    let tell: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        tell("log: \(event.message)\(fields)")
    }
}
