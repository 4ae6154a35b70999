internal import Testing
internal import ZeroMQ

@Suite("Sockets", .timeLimit(.minutes(1)))
struct SocketTests {
    /// Reads until a message is there.
    private func receive(_ socket: borrowing ZeroMQSocket) throws -> ReceivedMessage {
        while true {
            if let message = try socket.receive() { return message }
            try Task.checkCancellation()
        }
    }

    @Test("One shared frame reaches many peers, large or small", arguments: [0, 20, 100_000])
    func sharedFrame(count: Int) throws {
        let context = try ZeroMQContext()
        let router = try ZeroMQSocket(.router, in: context)
        try router.bind("inproc://shared")
        let first = try ZeroMQSocket(.dealer, in: context)
        let second = try ZeroMQSocket(.dealer, in: context)
        try first.connect("inproc://shared")
        try second.connect("inproc://shared")
        _ = try first.send([[1]])
        _ = try second.send([[2]])
        let peers = [try receive(router), try receive(router)]
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }

        let frame = try SharedFrame(bytes)
        for peer in peers {
            let result = try router.send(frame, to: peer.frames[0])
            #expect(result == .sent)
        }

        let received = [try receive(first), try receive(second)]
        #expect(received.map(\.frames) == [[bytes], [bytes]])
    }

    @Test("A mandatory router says that a peer is unknown")
    func unreachable() throws {
        let context = try ZeroMQContext()
        let router = try ZeroMQSocket(.router, in: context)
        try router.set(.routerMandatory(true))
        try router.bind("inproc://mandatory")

        let result = try router.send(SharedFrame([1]), to: [0, 1, 2, 3, 4])

        #expect(result == .unreachable)
    }

    @Test("A message with too many frames is cut, and the next one is whole")
    func tooManyFrames() throws {
        let context = try ZeroMQContext()
        let left = try ZeroMQSocket(.pair, in: context)
        let right = try ZeroMQSocket(.pair, in: context)
        try left.bind("inproc://frames")
        try right.connect("inproc://frames")
        _ = try right.send((0..<40).map { [UInt8($0)] })
        _ = try right.send([[7]])

        let cut = try receive(left)
        let whole = try receive(left)
        #expect(cut.isCut && cut.frames.count == ReceivedMessage.framesMaximum)
        #expect(whole.frames == [[7]] && !whole.isCut)
    }

    @Test(
        "A bind that fails says which endpoint and why", arguments: ["tcp://192.0.2.1:0", "tcp://here", "carrier://x"])
    func bindFails(endpoint: String) throws {
        let context = try ZeroMQContext()
        let socket = try ZeroMQSocket(.router, in: context)

        let error = #expect(throws: ZeroMQError.self) { try socket.bind(endpoint) }

        #expect(error?.operation == "bind \(endpoint)")
        #expect(error?.message.isEmpty == false)
    }

    @Test("More connections than the process may open are refused with what to do")
    func descriptors() throws {
        try DescriptorLimit.raise(forConnections: 4)
        let error = #expect(throws: DescriptorLimit.TooLow.self) {
            try DescriptorLimit.raise(forConnections: 2_000_000_000)
        }
        #expect(error.map { "\($0)" }?.contains("LimitNOFILE") == true)
    }

    @Test("An actor on a loop runs its jobs in order on one thread, also while it waits for sockets")
    func loop() async throws {
        let counter = try Counter()
        try await counter.start()

        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { for _ in 0..<50 { await counter.count() } }
            }
        }

        #expect(await counter.value == 1_000)
        #expect(await counter.turns > 0)
        await counter.close()
        #expect(await counter.value == 1_000)
    }
}

/// Counts on a loop that waits for two sockets which never get anything.
private actor Counter {
    private nonisolated let loop: LoopThread
    private var first: ZeroMQSocket?
    private var second: ZeroMQSocket?
    private(set) var value = 0
    private(set) var turns = 0

    init() throws { loop = try LoopThread(name: "counter") }

    deinit { loop.stop() }

    // Safe because the actor holds the loop for as long as anything runs on it.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    func start() throws {
        let context = try ZeroMQContext()
        first = try ZeroMQSocket(.pair, in: context)
        second = try ZeroMQSocket(.pair, in: context)
        loop.setTurn { [weak self] in self?.assumeIsolated { $0.turn() } }
    }

    func count() { value += 1 }

    func close() {
        loop.setTurn(nil)
        first = nil
        second = nil
    }

    private func turn() {
        turns += 1
        guard let one = first.take() else { return }
        if let other = second.take() {
            _ = try? loop.wake.wait(for: one, other, milliseconds: nil)
            second = consume other
        }
        first = consume one
    }
}
