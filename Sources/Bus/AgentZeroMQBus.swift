internal import BusProtocol
public import Ladder
public import Logging
public import Ports
public import ZeroMQ

/// An agent's side of the bus over ZeroMQ: one DEALER with CURVE, on a thread of its own.
///
/// It connects again by itself for as long as it runs, also after the coordinator has refused it: an operator may enrol
/// it later. Call ``start()`` once and ``close()`` at the end.
public actor AgentZeroMQBus: AgentBus {
    public nonisolated let events: AsyncStream<[AgentBusEvent]>
    /// What was dropped so far.
    public private(set) var counters = BusCounters()

    private nonisolated let loop: LoopThread
    private let continuation: AsyncStream<[AgentBusEvent]>.Continuation
    private let endpoint: String
    private let server: CurvePublicKey
    private let key: CurveKeyPair
    private let logger: Logger

    // The sockets end before their context, which they hold anyway.
    private var sockets: AgentSockets?
    private var context: ZeroMQContext?
    private var isFresh = true
    private var isConnected = false
    /// When a new socket takes the place of this one, `nil` while it is connected.
    private var renewal: ContinuousClock.Instant?
    private var badFrameGate = LogGate()
    private var refusalGate = LogGate()
    private var dropGate = LogGate()

    /// - Parameters:
    ///   - endpoint: the coordinator's, such as `tcp://10.77.0.254:7740`; an IP address, for a name may need a peer.
    ///   - server: the coordinator's public key.
    ///   - key: the agent's own.
    ///   - context: for a process with many agents; by default one of its own.
    public init(
        endpoint: String, server: CurvePublicKey, key: CurveKeyPair, in context: ZeroMQContext? = nil, logger: Logger
    ) throws(BusError) {
        self.context = context
        loop = try BusError.transport { () throws(ZeroMQError) in try LoopThread(name: "agent-bus") }
        (events, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(BusLimits.agentBatchesMaximum))
        self.endpoint = endpoint
        self.server = server
        self.key = key
        self.logger = logger
    }

    deinit { loop.stop() }

    // Safe because the actor holds the loop for as long as anything runs on it.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Begins to connect, and returns at once. Says what is wrong with the endpoint.
    public func start() throws(BusError) {
        guard isFresh else { throw .notFresh }
        do throws(ZeroMQError) {
            if context == nil { context = try ZeroMQContext() }
            try renew()
        } catch {
            throw .connect(endpoint: endpoint, reason: error.message)
        }
        isFresh = false
        loop.setTurn { [weak self] in self?.assumeIsolated { $0.turn() } }
    }

    /// Disconnects and ends ``events``. What was not sent is dropped.
    public func close() {
        isFresh = false
        loop.setTurn(nil)
        sockets = nil
        context = nil
        continuation.finish()
    }

    /// Sends to the coordinator. Without a connection the message is dropped and counted: it is asked for again.
    public func send(_ message: AgentMessage) {
        do throws(WireError) {
            try send(WireCodec.encode(message))
        } catch {
            logger.error("message not sent", metadata: ["error": "\(error)"])
        }
    }

    private func send(_ frame: [UInt8]) {
        do throws(ZeroMQError) {
            if try sockets?.send(frame) != .sent { counters.undelivered += 1 }
        } catch {
            fail(error)
        }
    }

    /// Begins with a new socket.
    private func renew() throws(ZeroMQError) {
        guard let context else { return }
        sockets = nil
        sockets = try AgentSockets(endpoint: endpoint, server: server, key: key, in: context)
        renewal = .now + .milliseconds(BusLimits.deafMilliseconds)
    }

    /// One turn of the loop: waits until there is something to do, and does it.
    private func turn() {
        do throws(ZeroMQError) {
            guard let ready = try sockets?.wait(loop.wake, milliseconds: waitMilliseconds()) else { return }
            var batch: [AgentBusEvent] = []
            if ready.monitor { batch += try connectionEvents() }
            if ready.dealer { batch += try messages() }
            if let renewal, renewal <= .now { batch += try renewed() }
            hand(on: batch)
        } catch {
            fail(error)
        }
    }

    private func waitMilliseconds() -> Int? {
        guard let renewal else { return nil }
        let left = (renewal - .now).components
        // A millisecond more, so that the moment has passed when the wait ends.
        return max(0, Int(left.seconds) * 1_000 + Int(left.attoseconds / 1_000_000_000_000_000)) + 1
    }

    private func connectionEvents() throws(ZeroMQError) -> [AgentBusEvent] {
        var events: [AgentBusEvent] = []
        while events.count < BusLimits.batchMaximum, let event = try sockets?.monitor.next() {
            switch event {
            case .handshakeSucceeded:
                renewal = nil
                isConnected = true
                events.append(.connected)
            case .disconnected:
                // A refused handshake ends in this too; its earlier moment stands.
                if isConnected { renewal = .now + .milliseconds(BusLimits.deafMilliseconds) }
                events += lost()
            case .refused, .handshakeFailed:
                renewal = .now + .milliseconds(Int.random(in: BusLimits.renewMilliseconds))
                noteRefusal(event)
                events += lost()
            }
        }
        return events
    }

    private func lost() -> [AgentBusEvent] {
        guard isConnected else { return [] }
        isConnected = false
        return [.disconnected]
    }

    private func renewed() throws(ZeroMQError) -> [AgentBusEvent] {
        try renew()
        return lost()
    }

    private func messages() throws(ZeroMQError) -> [AgentBusEvent] {
        var events: [AgentBusEvent] = []
        for _ in 0..<BusLimits.batchMaximum {
            guard let message = try sockets?.dealer.receive() else { break }
            guard message.frames.count == 1, let frame = message.frames.first else {
                noteBadFrame("\(message.frames.count) frames")
                continue
            }
            do throws(WireError) {
                events.append(.message(try WireCodec.coordinatorMessage(frame)))
            } catch {
                noteBadFrame("\(error)")
            }
        }
        return events
    }

    private func hand(on batch: [AgentBusEvent]) {
        guard !batch.isEmpty, case .dropped(let dropped) = continuation.yield(batch) else { return }
        counters.droppedEvents += UInt64(dropped.count)
        // Whether there is a connection must not be lost: a new one says so again.
        if dropped.contains(where: { $0 == .connected || $0 == .disconnected }) {
            renewal = .now + .milliseconds(Int.random(in: BusLimits.renewMilliseconds))
        }
        if let heldBack = dropGate.pass(at: .now) {
            logger.error("messages dropped: the agent is behind", metadata: ["also": "\(heldBack)"])
        }
    }

    private func noteBadFrame(_ reason: String) {
        counters.badFrames += 1
        guard let heldBack = badFrameGate.pass(at: .now) else { return }
        logger.warning("bad frame dropped", metadata: ["reason": "\(reason)", "also": "\(heldBack)"])
    }

    private func noteRefusal(_ event: ConnectionEvent) {
        counters.refusedKeys += 1
        guard let heldBack = refusalGate.pass(at: .now) else { return }
        let reason =
            event == .refused
            ? "the coordinator has not enrolled this agent's key" : "no handshake: is the coordinator's key right?"
        logger.error("not admitted to the bus", metadata: ["reason": "\(reason)", "also": "\(heldBack)"])
    }

    /// libzmq has no error here that goes away by itself: the bus ends, and who runs it starts anew.
    private func fail(_ error: ZeroMQError) {
        logger.critical("the bus has failed", metadata: ["error": "\(error)"])
        close()
    }
}
