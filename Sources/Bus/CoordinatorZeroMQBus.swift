internal import BusProtocol
public import Fleet
internal import Ladder
public import Logging
public import Ports
public import ZeroMQ

/// The coordinator's side of the bus over ZeroMQ: one ROUTER with CURVE, on a thread of its own.
///
/// A node is who its key says. Its newest connection counts: it is learned from the messages, and what still comes
/// from an older one is dropped. Call ``start()`` once and ``close()`` at the end.
public actor CoordinatorZeroMQBus: CoordinatorBus {
    public nonisolated let events = Mailbox<CoordinatorBusEvent>(maximum: BusLimits.coordinatorMessagesMaximum)
    /// What was dropped so far.
    public private(set) var counters = BusCounters()

    private nonisolated let loop: LoopThread
    private let configured: [String]
    private let key: CurveKeyPair
    private let enrolled: [CurvePublicKey: NodeNumber]
    private let numbers: NodeSet
    private let logger: Logger

    private var sockets: CoordinatorSockets?
    private var isFresh = true
    private var encodedRoster: EncodedRoster?
    private var connections = ConnectionTable()
    private var badFrameGate = LogGate()
    private var refusalGate = LogGate()
    private var dropGate = LogGate()

    /// - Parameters:
    ///   - endpoints: such as `tcp://10.77.0.254:7740` or `tcp://[fd77::1]:7740`.
    ///   - key: the coordinator's own.
    ///   - enrolled: which key is which node's; nobody else is let in.
    public init(
        endpoints: [String], key: CurveKeyPair, enrolled: [CurvePublicKey: NodeNumber], logger: Logger
    ) throws(BusError) {
        loop = try BusError.transport { () throws(ZeroMQError) in try LoopThread(name: "coordinator-bus") }
        configured = endpoints
        self.key = key
        self.enrolled = enrolled
        numbers = NodeSet(enrolled.values)
        self.logger = logger
    }

    deinit { loop.stop() }

    // Safe because the actor holds the loop for as long as anything runs on it.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// The endpoints listened on, with their real ports; empty before ``start()`` and after ``close()``.
    public var endpoints: [String] { sockets?.endpoints ?? [] }

    /// Listens. Says what is wrong with an endpoint, or with the limit on open files.
    public func start() throws(BusError) {
        guard isFresh else { throw .notFresh }
        do throws(DescriptorLimit.TooLow) {
            try DescriptorLimit.raise(forConnections: numbers.count)
        } catch {
            throw .descriptors(error)
        }
        let admitted = enrolled.mapValues { "\($0)" }
        let context = try BusError.transport { () throws(ZeroMQError) in try ZeroMQContext() }
        sockets = try CoordinatorSockets(endpoints: configured, key: key, admitted: admitted, in: context)
        isFresh = false
        loop.setTurn { [weak self] in self?.assumeIsolated { $0.turn() } }
    }

    /// Stops listening and ends ``events``. What was not sent is dropped.
    public func close() {
        isFresh = false
        loop.setTurn(nil)
        sockets = nil
        events.finish()
    }

    public func send(_ deliveries: [Delivery]) {
        // One order goes to many nodes, each with something of its own before it.
        var order: (order: Order, frame: [UInt8])?
        for delivery in deliveries { send(delivery, &order) }
    }

    private func send(_ delivery: Delivery, _ known: inout (order: Order, frame: [UInt8])?) {
        do throws(WireError) {
            switch delivery.message {
            case .order(let order):
                if known?.order != order { known = (order, try WireCodec.encode(delivery.message)) }
                if let known { send(known.frame, to: delivery.nodes) }
            case .welcome(let welcome): send(try WireCodec.encode(welcome, &encodedRoster), to: delivery.nodes)
            default: send(try WireCodec.encode(delivery.message), to: delivery.nodes)
            }
        } catch {
            logger.error("message not sent", metadata: ["error": "\(error)"])
        }
    }

    /// Sends the same bytes to each node that is connected.
    private func send(_ frame: [UInt8], to nodes: [NodeNumber]) {
        do throws(ZeroMQError) {
            let shared = try SharedFrame(frame)
            for node in nodes {
                guard let connection = connections.connection(of: node) else {
                    counters.undelivered += 1
                    continue
                }
                let result = try sockets?.router.send(shared, to: connection.bytes)
                if result != .sent { counters.undelivered += 1 }
            }
        } catch {
            fail(error)
        }
    }

    /// One turn of the loop: waits until there is something to do, and does it.
    private func turn() {
        do throws(ZeroMQError) {
            guard let ready = try sockets?.wait(loop.wake) else { return }
            if ready.authenticator, let refusals = try sockets?.authenticator.answer() { note(refusals) }
            if ready.router { try receive() }
        } catch {
            fail(error)
        }
    }

    /// What has come, and what comes while others run once: waiting for that and being woken would cost both ends more.
    private func receive() throws(ZeroMQError) {
        var batch: [CoordinatorBusEvent] = []
        var hasYielded = false
        for _ in 0..<BusLimits.batchMaximum {
            guard let message = try sockets?.router.receive(namesSender: true) else {
                if hasYielded || batch.isEmpty { break }
                hasYielded = true
                LoopThread.letOthersRun()
                continue
            }
            if let event = event(message) { batch.append(event) }
        }
        guard !batch.isEmpty else { return }
        let droppedCount = events.put(batch)
        guard droppedCount > 0 else { return }
        counters.droppedEvents += UInt64(droppedCount)
        if let heldBack = dropGate.pass(at: .now) {
            logger.error("messages dropped: the coordinator is behind", metadata: ["also": "\(heldBack)"])
        }
    }

    /// What a message is worth handing on; `nil` where it is dropped.
    private func event(_ message: ReceivedMessage) -> CoordinatorBusEvent? {
        guard let node = message.userID.flatMap({ UInt32($0) }).flatMap({ NodeNumber($0) }), numbers.contains(node)
        else { return bad("no enrolled sender", from: nil) }
        guard message.frames.count == 2, !message.isCut else {
            return bad("\(message.frames.count) frames", from: node)
        }
        guard let connection = RoutingID(message.frames[0]) else { return bad("a routing id of its own", from: node) }
        guard connections.observe(connection, of: node) else {
            counters.lateFrames += 1
            return nil
        }
        do throws(WireError) {
            return .message(try WireCodec.agentMessage(message.frames[1]), from: node)
        } catch .unsupported(let version) {
            return .unsupported(protocolVersion: version, from: node)
        } catch {
            return bad("\(error)", from: node)
        }
    }

    private func bad(_ reason: String, from node: NodeNumber?) -> CoordinatorBusEvent? {
        counters.badFrames += 1
        if let heldBack = badFrameGate.pass(at: .now) {
            logger.warning(
                "bad frame dropped",
                metadata: [
                    "node": "\(node.map { "\($0)" } ?? "unknown")", "reason": "\(reason)", "also": "\(heldBack)",
                ])
        }
        return nil
    }

    private func note(_ refusals: [Authenticator.Refusal]) {
        counters.refusedKeys += UInt64(refusals.count)
        guard let refusal = refusals.first, let heldBack = refusalGate.pass(at: .now) else { return }
        logger.warning(
            "key not enrolled",
            metadata: [
                "address": "\(refusal.address)", "key": "\(refusal.key.map { "\($0)" } ?? "none")",
                "also": "\(heldBack + refusals.count - 1)",
            ])
    }

    /// libzmq has no error here that goes away by itself: the bus ends, and who runs it starts anew.
    private func fail(_ error: ZeroMQError) {
        logger.critical("the bus has failed", metadata: ["error": "\(error)"])
        close()
    }
}
