internal import Bus
internal import BusProtocol
internal import Fleet
internal import Ladder
internal import Logging
internal import Ports
internal import Testing
internal import ZeroMQ

@Suite("The bus over loopback with CURVE", .timeLimit(.minutes(2)))
struct BusTests {
    @Test("An order reaches every node, and each one's report comes back under its own number", arguments: [1, 8, 40])
    func ordersAndReports(count: Int) async throws {
        let fleet = try await TestFleet(nodes: count)
        var agents: [NodeNumber: TestAgent] = [:]
        for number in fleet.numbers { agents[number] = try await fleet.agent(number) }
        for agent in agents.values { try await agent.connect() }
        let hellos = try await fleet.messages(count)
        #expect(Set(hellos.map(\.node)) == Set(fleet.numbers))

        await fleet.bus.send([Delivery(TestFleet.order(step: 3), to: fleet.numbers)])
        for agent in agents.values {
            #expect(try await agent.message() == TestFleet.order(step: 3))
            await agent.bus.send(TestFleet.report(step: 3))
        }

        let reports = try await fleet.messages(count)
        #expect(Set(reports.map(\.node)) == Set(fleet.numbers))
        #expect(reports.allSatisfy { $0.message == TestFleet.report(step: 3) })
        for agent in agents.values { await agent.bus.close() }
        await fleet.bus.close()
        #expect(await fleet.bus.counters == BusCounters())
    }

    @Test("A key that is not enrolled never gets in, and its agent goes on trying")
    func notEnrolled() async throws {
        let fleet = try await TestFleet(nodes: 1)
        let stranger = try await fleet.agent(key: .generate())

        try await eventually { await stranger.bus.counters.refusedKeys > 0 }
        await stranger.bus.send(TestFleet.hello())
        let member = try await fleet.agent(1)
        try await member.connect()

        let message = try await fleet.messages(1).first
        #expect(message?.node == 1)
        #expect(await fleet.bus.counters.refusedKeys > 0)
        #expect(await stranger.bus.counters.undelivered == 1)
        await stranger.bus.close()
        #expect(try await stranger.event() == nil)
        await member.bus.close()
        await fleet.bus.close()
        #expect(try await fleet.event() == nil)
    }

    @Test("An agent that wants another coordinator's key does not connect")
    func wrongServerKey() async throws {
        let fleet = try await TestFleet(nodes: 1)
        let astray = try await fleet.agent(key: fleet.keys[1], server: CurveKeyPair.generate().publicKey)

        try await eventually { await astray.bus.counters.refusedKeys > 0 }

        await astray.bus.close()
        #expect(try await astray.event() == nil)
        await fleet.bus.close()
        #expect(try await fleet.event() == nil)
    }

    @Test("A key that is enrolled later gets in without a restart of its agent")
    func enrolledLater() async throws {
        let fleet = try await TestFleet(nodes: 1)
        let key = try CurveKeyPair.generate()
        let late = try await fleet.agent(key: key)
        try await eventually { await late.bus.counters.refusedKeys > 0 }

        await fleet.bus.close()
        let second = try await TestFleet(
            keys: [2: key], server: fleet.server, endpoint: fleet.endpoint)
        try await late.connect()

        #expect(try await second.messages(1).first?.node == 2)
        await late.bus.close()
        await second.bus.close()
    }

    @Test("Garbage from an enrolled key is counted and dropped, and the bus goes on")
    func garbage() async throws {
        let fleet = try await TestFleet(nodes: 2)
        let order = try WireCodec.encode(TestFleet.order(step: 1))
        let report = try WireCodec.encode(TestFleet.report(step: 1))
        let garbage: [[[UInt8]]] = [
            [[]], [[0xff, 0xff]], [Array("GET / HTTP/1.1".utf8)], [order], [Array(report.dropLast())],
            [report, report],
            (0..<100).map { [$0] }, [[UInt8](repeating: 0x0a, count: WireLimits.agentFrameMaximum)],
        ]
        let attacker = try RawPeer(fleet, key: fleet.key(1))

        try attacker.connect()
        for frames in garbage { try attacker.send(frames) }
        try attacker.send([report])

        let message = try await fleet.messages(1).first
        #expect(message?.node == 1)
        #expect(await fleet.bus.counters.badFrames == UInt64(garbage.count))
        attacker.close()
        await fleet.bus.close()
    }

    @Test("A frame over the maximum ends its sender's connection and nobody else's")
    func oversized() async throws {
        let fleet = try await TestFleet(nodes: 2)
        let attacker = try RawPeer(fleet, key: fleet.key(1))
        let member = try await fleet.agent(2)
        try await member.connect()
        _ = try await fleet.messages(1)

        try attacker.connect()
        try attacker.send([[UInt8](repeating: 8, count: WireLimits.agentFrameMaximum + 1)])
        try attacker.awaitDisconnect()
        await member.bus.send(TestFleet.report(step: 9))

        #expect(try await fleet.messages(1).first?.node == 2)
        #expect(await fleet.bus.counters == BusCounters())
        attacker.close()
        await member.bus.close()
        await fleet.bus.close()
    }

    @Test("A peer cannot bring a routing id of its own")
    func chosenRoutingID() async throws {
        let fleet = try await TestFleet(nodes: 2)
        let attacker = try RawPeer(fleet, key: fleet.key(1), routingID: Array("somebody".utf8))
        let member = try await fleet.agent(2)

        try attacker.connect()
        try attacker.send([WireCodec.encode(TestFleet.report(step: 1))])
        try await eventually { await fleet.bus.counters.badFrames == 1 }
        try await member.connect()

        #expect(try await fleet.messages(1).first?.node == 2)
        attacker.close()
        await member.bus.close()
        await fleet.bus.close()
    }

    @Test("The newest connection of a key gets its messages, and what comes from the older one is dropped")
    func replaced() async throws {
        let fleet = try await TestFleet(nodes: 1)
        let older = try await fleet.agent(1)
        try await older.connect()
        _ = try await fleet.messages(1)
        let newer = try await fleet.agent(1)
        try await newer.connect()
        _ = try await fleet.messages(1)

        await fleet.bus.send([Delivery(TestFleet.order(step: 1), to: [1])])
        #expect(try await newer.message() == TestFleet.order(step: 1))
        await older.bus.send(TestFleet.report(step: 1))
        try await eventually { await fleet.bus.counters.lateFrames == 1 }
        await newer.bus.send(TestFleet.report(step: 2))

        #expect(try await fleet.messages(1).first?.message == TestFleet.report(step: 2))
        await older.bus.close()
        #expect(try await older.event() == nil)
        await newer.bus.close()
        await fleet.bus.close()
    }

    @Test("An agent hears that the coordinator is gone, and says hello to the next one")
    func coordinatorRestarts() async throws {
        let fleet = try await TestFleet(nodes: 1)
        let agent = try await fleet.agent(1)
        try await agent.connect()
        _ = try await fleet.messages(1)

        await fleet.bus.close()
        #expect(try await agent.event() == .disconnected)
        await agent.bus.send(TestFleet.report(step: 1))
        let second = try await TestFleet(keys: fleet.keys, server: fleet.server, endpoint: fleet.endpoint)
        try await agent.connect()

        #expect(try await second.messages(1).first?.message == TestFleet.hello())
        #expect(await agent.bus.counters.undelivered == 1)
        await agent.bus.close()
        await second.bus.close()
    }

    @Test(
        "A node that announces another protocol version is told apart from a broken one",
        arguments: [0, protocolVersion - 1, protocolVersion + 1])
    func otherVersion(version: UInt32) async throws {
        let fleet = try await TestFleet(nodes: 1)
        let agent = try await fleet.agent(1)

        #expect(try await agent.event() == .connected)
        await agent.bus.send(TestFleet.hello(version: version))

        #expect(try await fleet.event() == .unsupported(protocolVersion: version, from: 1))
        await agent.bus.close()
        await fleet.bus.close()
    }

    @Test("A message for a node that is not connected is passed over and counted")
    func absent() async throws {
        let fleet = try await TestFleet(nodes: 2)
        let agent = try await fleet.agent(2)
        try await agent.connect()
        _ = try await fleet.messages(1)

        await fleet.bus.send([Delivery(TestFleet.order(step: 1), to: [1, 2])])

        #expect(try await agent.message() == TestFleet.order(step: 1))
        #expect(await fleet.bus.counters.undelivered == 1)
        await agent.bus.close()
        await fleet.bus.close()
    }

    @Test("A coordinator that cannot listen says where and why")
    func cannotListen() async throws {
        let fleet = try await TestFleet(nodes: 1)
        func start(_ endpoint: String) async throws -> BusError? {
            let bus = try CoordinatorZeroMQBus(
                endpoints: [endpoint], key: .generate(), enrolled: [:], logger: Logger(label: "test"))
            let error = await #expect(throws: BusError.self) { try await bus.start() }
            await bus.close()
            return error
        }

        let taken = try await start(fleet.endpoint)
        #expect(taken.map { "\($0)" } == "cannot listen on \(fleet.endpoint): Address already in use")
        for endpoint in ["tcp://192.0.2.1:7740", "10.0.0.1", ""] {
            guard case .bind(endpoint, _) = try await start(endpoint) else {
                Issue.record("\(endpoint) was not refused")
                continue
            }
        }
        await fleet.bus.close()
        await #expect(throws: BusError.notFresh) { try await fleet.bus.start() }
    }

    @Test("Both families are listened on at once, and a closed bus ends its stream")
    func bothFamilies() async throws {
        let server = try CurveKeyPair.generate()
        let keys = [NodeNumber(integerLiteral: 1): try CurveKeyPair.generate(), 2: try CurveKeyPair.generate()]
        let bus = try CoordinatorZeroMQBus(
            endpoints: ["tcp://127.0.0.1:*", "tcp://[::1]:*"], key: server,
            enrolled: Dictionary(uniqueKeysWithValues: keys.map { ($0.value.publicKey, $0.key) }),
            logger: Logger(label: "test"))
        try await bus.start()
        let endpoints = await bus.endpoints
        try #require(endpoints.count == 2)

        for (key, endpoint) in zip(keys.values, endpoints) {
            let agent = try await TestAgent(endpoint: endpoint, server: server.publicKey, key: key)
            #expect(try await agent.event() == .connected)
            await agent.bus.close()
            #expect(try await agent.event() == nil)
        }
        await bus.close()
        let left = bus.events.takeAll()
        #expect(left.elements.isEmpty, "nothing was sent")
        #expect(left.isFinished)
    }

    @Test("An endpoint that cannot be connected to is refused at start")
    func badEndpoint() async throws {
        for endpoint in ["", "10.0.0.1:7740", "tcp://", "tcp://10.0.0.1"] {
            let bus = try AgentZeroMQBus(
                endpoint: endpoint, server: CurveKeyPair.generate().publicKey, key: .generate(),
                logger: Logger(label: "test"))
            let error = await #expect(throws: BusError.self) { try await bus.start() }
            guard case .connect(endpoint, _) = error else {
                Issue.record("\(endpoint) was not refused as an endpoint")
                continue
            }
            await bus.close()
        }
    }
}
