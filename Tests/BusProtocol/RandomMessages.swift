internal import Fleet
internal import Ladder

/// A generator that gives the same numbers for the same seed (SplitMix64, Steele et al. 2014).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Messages with every case and field drawn at random.
struct RandomMessages {
    var generator: Seeded

    init(seed: UInt64) { generator = Seeded(seed) }

    mutating func coordinatorMessage() -> CoordinatorMessage {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: .welcome(welcome())
        case 1:
            .offers(
                OfferShare(
                    version: OfferSetVersion(generation: generation(), digest: digest()),
                    replayWindow: .random(in: 0...4_096, using: &generator),
                    offers: some { ($0.number(), $0.offer()) }))
        case 2: .order(order())
        default: .heartbeat(instant())
        }
    }

    mutating func agentMessage() -> AgentMessage {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0:
            .hello(
                Hello(
                    protocolVersion: protocolVersion, bootID: bytes(16),
                    incarnation: .random(in: 0 ... .max, using: &generator),
                    epoch: maybe { Epoch(.random(in: 0 ... .max, using: &$0.generator)) }, newest: generation()))
        case 1: .report(report())
        default:
            .heartbeat(
                NodeHeartbeat(
                    sequence: .random(in: 0 ... .max, using: &generator), accepted: stamp(),
                    standing: maybe { $0.standing() }, packets: .random(in: 0...1 << 56, using: &generator),
                    problems: list(NodeHeartbeat.problemsMaximum) { $0.text() }, spare: maybe { $0.offer() }))
        }
    }

    private mutating func order() -> Order {
        let task: Order.Task =
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: .preflight
            case 1: .observe
            case 2: .offer
            case 3:
                .probe(
                    Order.Probe(
                        Bool.random(using: &generator) ? .trial : .standing,
                        nonce: .random(in: 0 ... .max, using: &generator)))
            default: .move(rule(), fresh: maybe { $0.fresh() })
            }
        return Order(
            epoch: Epoch(.random(in: 0 ... .max, using: &generator)), stamp: stamp(),
            rollout: .random(in: 0 ... .max, using: &generator),
            roster: RosterVersion(sequence: .random(in: 0 ... .max, using: &generator), digest: digest()), task: task,
            expiry: instant())
    }

    /// An order that treats all edges alike.
    mutating func frequentOrder() -> CoordinatorMessage {
        var order = order()
        if case .move(_, let fresh) = order.task { order.task = .move(EdgeRule(base: place()), fresh: fresh) }
        return .order(order)
    }

    /// A report that an order was done, of a node all of whose edges stand alike.
    mutating func frequentReport() -> AgentMessage {
        var report = report()
        report.verdict = .done
        report.standing?.exceptions = [:]
        return .report(report)
    }

    private mutating func report() -> Report {
        let verdict: Report.Verdict =
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: .done
            case 1: .refused(list(Refusal.perReportMaximum) { $0.refusal() })
            case 2: .missing(Bool.random(using: &generator) ? .roster : .offers)
            case 3: .stale(newest: stamp())
            case 4: .conflict
            default: .expired
            }
        return Report(
            answering: stamp(), sequence: .random(in: 0 ... .max, using: &generator), verdict: verdict,
            standing: maybe { $0.standing() }, offer: maybe { $0.offer() },
            probeMicroseconds: maybe { .random(in: 0...60_000_000, using: &$0.generator) })
    }

    mutating func welcome() -> Welcome {
        let nodes: [Node] = list(20) { random in
            Node(
                number: random.number(), name: random.name(),
                addresses: (0..<Int.random(in: 1...4, using: &random.generator)).map { _ in random.address() },
                identityKey: random.bytes(32))
        }
        let bypass: [Bypass] = list(5) { random in
            switch Int.random(in: 0..<3, using: &random.generator) {
            case 0: .ssh
            case 1: .neighbourDiscovery
            default: .bus(random.address(), port: .random(in: 1 ... .max, using: &random.generator))
            }
        }
        let roster = Roster(
            epoch: Epoch(.random(in: 0 ... .max, using: &generator)), fleetID: bytes(16),
            sequence: .random(in: 0 ... .max, using: &generator),
            nodes: Dictionary(nodes.map { ($0.number, $0) }) { first, _ in first },
            quarantined: list(5) { $0.address() }, bypass: bypass,
            probePort: .random(in: 1 ... .max, using: &generator))
        return Welcome(
            number: number(), roster: maybe { _ in roster }, clock: instant(),
            heartbeatMilliseconds: .random(in: 1...3_600_000, using: &generator))
    }

    private mutating func rule() -> EdgeRule {
        let edges: [(Edge, Place?)] = list(10) { (Edge($0.number(), $0.number()), $0.maybe { $0.place() }) }
        return EdgeRule(
            base: maybe { $0.place() }, from: some { ($0.number(), $0.maybe { $0.place() }) },
            toward: some { ($0.number(), $0.maybe { $0.place() }) },
            edges: Dictionary(edges.filter { $0.0.node != $0.0.peer }) { first, _ in first })
    }

    private mutating func place() -> Place {
        Place(rung(), KeyUse.allCases[Int.random(in: 0..<KeyUse.allCases.count, using: &generator)])
    }

    private mutating func fresh() -> Order.Fresh {
        Order.Fresh(
            OfferSetVersion(generation: generation(), digest: digest()), isMade: .random(using: &generator))
    }

    private mutating func standing() -> Standing {
        Standing(common: edgeState(), exceptions: some { ($0.number(), $0.edgeState()) })
    }

    private mutating func edgeState() -> EdgeState {
        EdgeState(low: rung(), high: rung(), holds: sets(), sends: sets(), parts: sets())
    }

    /// Ascending, each once; sometimes the set that nobody knows.
    private mutating func sets() -> GenerationList {
        GenerationList(Set(list(3) { Bool.random(using: &$0.generator) ? $0.generation() : .none }).sorted())
    }

    private mutating func refusal() -> Refusal {
        let causes = Refusal.Cause.allCases
        return Refusal(
            cause: causes[Int.random(in: 0..<causes.count, using: &generator)], peer: maybe { $0.number() },
            message: text())
    }

    private mutating func offer() -> Offer {
        let slot = Slot(.random(in: 1...Slot.maximum, using: &generator))
        guard let slot else { preconditionFailure("a slot lies in 1…4095") }
        return Offer(id: bytes(16), ephemeralKey: bytes(32), slot: slot)
    }

    private mutating func digest() -> Digest {
        guard let digest = Digest(bytes(32)) else { preconditionFailure("a digest has 32 bytes") }
        return digest
    }

    private mutating func address() -> Address {
        let family: Address.Family = Bool.random(using: &generator) ? .ipv4 : .ipv6
        guard let address = Address(family: family, bytes: bytes(family.byteCount)) else {
            preconditionFailure("the count is the family's")
        }
        return address
    }

    private mutating func name() -> NodeName {
        guard let name = NodeName("node-\(number())") else { preconditionFailure("a name of letters and digits") }
        return name
    }

    mutating func number() -> NodeNumber {
        guard let number = NodeNumber(.random(in: 1...NodeNumber.maximum, using: &generator)) else {
            preconditionFailure("within the range of numbers")
        }
        return number
    }

    private mutating func rung() -> Rung { Rung.allCases[Int.random(in: 0..<Rung.allCases.count, using: &generator)] }
    private mutating func generation() -> Generation { Generation(.random(in: 0...1 << 61, using: &generator)) }
    private mutating func instant() -> Instant { Instant(microseconds: .random(in: 0...1 << 62, using: &generator)) }

    private mutating func stamp() -> Stamp {
        Stamp(generation: generation(), step: .random(in: 0 ... .max, using: &generator))
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in .random(in: 0 ... .max, using: &generator) }
    }

    private mutating func text() -> String {
        String(
            (0..<Int.random(in: 0...60, using: &generator)).map { _ in "aß€😀 \n".randomElement(using: &generator) ?? "a"
            })
    }

    private mutating func maybe<Value>(_ make: (inout Self) -> Value) -> Value? {
        Bool.random(using: &generator) ? make(&self) : nil
    }

    private mutating func list<Value>(_ maximum: Int, _ make: (inout Self) -> Value) -> [Value] {
        (0..<Int.random(in: 0...maximum, using: &generator)).map { _ in make(&self) }
    }

    private mutating func some<Key: Hashable, Value>(_ make: (inout Self) -> (Key, Value)) -> [Key: Value] {
        Dictionary(list(20, make)) { first, _ in first }
    }
}
