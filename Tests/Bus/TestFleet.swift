internal import Bus
internal import BusProtocol
internal import Fleet
internal import Ladder
internal import Logging
internal import Ports
internal import Testing
internal import ZeroMQ

/// A coordinator's bus on a free port of the loopback, with keys for its nodes.
final class TestFleet {
    struct FromNode: Hashable {
        let node: NodeNumber
        let message: AgentMessage
    }

    let bus: CoordinatorZeroMQBus
    let server: CurveKeyPair
    let keys: [NodeNumber: CurveKeyPair]
    let endpoint: String
    private let bell = Bell()
    private var waiting: [CoordinatorBusEvent] = []

    convenience init(nodes: Int) async throws {
        var keys: [NodeNumber: CurveKeyPair] = [:]
        for number in 1...UInt32(nodes) { keys[try #require(NodeNumber(number))] = try CurveKeyPair.generate() }
        try await self.init(keys: keys, server: .generate(), endpoint: "tcp://127.0.0.1:*")
    }

    init(keys: [NodeNumber: CurveKeyPair], server: CurveKeyPair, endpoint: String) async throws {
        self.keys = keys
        self.server = server
        bus = try CoordinatorZeroMQBus(
            endpoints: [endpoint], key: server,
            enrolled: Dictionary(uniqueKeysWithValues: keys.map { ($0.value.publicKey, $0.key) }),
            logger: Logger(label: "test.coordinator") { _ in SwiftLogNoOpLogHandler() })
        try await bus.start()
        self.endpoint = try #require(await bus.endpoints.first)
        bus.events.notify { [bell] in bell.ring() }
    }

    var numbers: [NodeNumber] { keys.keys.sorted() }

    func key(_ number: NodeNumber) throws -> CurveKeyPair { try #require(keys[number]) }

    func agent(_ number: NodeNumber) async throws -> TestAgent { try await agent(key: key(number)) }

    func agent(key: CurveKeyPair?, server: CurvePublicKey? = nil) async throws -> TestAgent {
        try await TestAgent(
            endpoint: endpoint, server: server ?? self.server.publicKey, key: try #require(key))
    }

    /// The next event; `nil` at the end.
    func event() async throws -> CoordinatorBusEvent? {
        while waiting.isEmpty {
            let come = bus.events.takeAll()
            waiting = come.elements
            guard waiting.isEmpty else { break }
            if come.isFinished || Task.isCancelled { return nil }
            await bell.wait()
        }
        return waiting.removeFirst()
    }

    /// The next messages, of whatever node.
    func messages(_ count: Int) async throws -> [FromNode] {
        var messages: [FromNode] = []
        while messages.count < count {
            let event = try await event()
            guard case .message(let message, let node) = event else {
                Issue.record("expected a message, got \(String(describing: event))")
                return messages
            }
            messages.append(FromNode(node: node, message: message))
        }
        return messages
    }

    static func order(step: UInt32) -> CoordinatorMessage {
        guard let digest = Digest([UInt8](repeating: 7, count: 32)) else { preconditionFailure("32 bytes") }
        return .order(
            Order(
                epoch: Epoch(1), stamp: Stamp(generation: Generation(2), step: step), rollout: 1,
                roster: RosterVersion(sequence: 1, digest: digest),
                task: .move(EdgeRule(base: Place(.accept)), fresh: nil),
                expiry: Instant(milliseconds: 5)))
    }

    static func report(step: UInt32) -> AgentMessage {
        .report(
            Report(
                answering: Stamp(generation: Generation(2), step: step), sequence: 1, verdict: .done,
                standing: Standing(common: .on(.accept))))
    }

    static func hello(version: UInt32 = protocolVersion) -> AgentMessage {
        .hello(
            Hello(
                protocolVersion: version, bootID: [UInt8](repeating: 3, count: 16), incarnation: 4, epoch: nil,
                newest: .none))
    }
}

/// An agent's bus whose events are read one by one.
final class TestAgent {
    let bus: AgentZeroMQBus
    private var iterator: AsyncStream<[AgentBusEvent]>.Iterator
    private var waiting: [AgentBusEvent] = []

    init(endpoint: String, server: CurvePublicKey, key: CurveKeyPair) async throws {
        bus = try AgentZeroMQBus(
            endpoint: endpoint, server: server, key: key,
            logger: Logger(label: "test.agent") { _ in SwiftLogNoOpLogHandler() })
        try await bus.start()
        iterator = bus.events.makeAsyncIterator()
    }

    /// The next event; `nil` at the end.
    func event() async throws -> AgentBusEvent? {
        while waiting.isEmpty {
            guard let batch = await iterator.next(isolation: nil) else { return nil }
            waiting = batch
        }
        return waiting.removeFirst()
    }

    /// Waits for the connection and says hello.
    func connect() async throws {
        #expect(try await event() == .connected)
        await bus.send(TestFleet.hello())
    }

    func message() async throws -> CoordinatorMessage? {
        guard case .message(let message) = try await event() else { return nil }
        return message
    }
}

/// Waits for a condition, up to a deadline.
func eventually(_ condition: () async -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while await !condition() {
        try #require(ContinuousClock.now < deadline, "the condition never came true")
        await Task.yield()
    }
}

/// A peer that speaks CURVE and ZMTP properly, and above them whatever it wants.
final class RawPeer {
    private var dealer: ZeroMQSocket?
    private var monitor: SocketMonitor?

    init(_ fleet: TestFleet, key: CurveKeyPair, routingID: [UInt8]? = nil) throws {
        let context = try ZeroMQContext()
        let dealer = try ZeroMQSocket(.dealer, in: context)
        try dealer.set(.curveClient(key, server: fleet.server.publicKey))
        try dealer.set(.immediate(true))
        if let routingID { try dealer.set(.routingID(routingID)) }
        monitor = try dealer.monitor(name: "raw", in: context)
        try dealer.connect(fleet.endpoint)
        self.dealer = consume dealer
    }

    func connect() throws { try wait(for: .handshakeSucceeded) }
    func awaitDisconnect() throws { try wait(for: .disconnected) }

    func send(_ frames: [[UInt8]]) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try dealer?.send(frames) != .sent { try #require(ContinuousClock.now < deadline, "never sent") }
    }

    func close() {
        dealer?.stopMonitor()
        dealer = nil
        monitor = nil
    }

    private func wait(for wanted: ConnectionEvent) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try monitor?.next() != wanted { try #require(ContinuousClock.now < deadline, "no \(wanted)") }
    }
}
