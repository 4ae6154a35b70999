internal import Fleet
internal import Ladder
internal import LinuxHost
internal import Ports
internal import Synchronization

/// How long the coordinator has waited for something, in microseconds.
final class Spent: Sendable {
    private let total = Atomic<UInt64>(0)
    private let clock = BootClock()

    var microseconds: UInt64 { total.load(ordering: .relaxed) }

    func measure<Result, Failure: Error>(
        _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let began = clock.now()
        defer { total.add(clock.now().microseconds(since: began), ordering: .relaxed) }
        return try await body()
    }
}

/// The bus, with the time until orders are with libzmq.
struct MeasuredBus: CoordinatorBus {
    let bus: any CoordinatorBus
    /// Whether offers have all that is in them: agents of a large fleet make no keys of them, and they are N² bytes in all.
    let isWhole: Bool
    let fanOut: Spent

    var events: Mailbox<CoordinatorBusEvent> { bus.events }

    func send(_ deliveries: [Delivery]) async {
        let isWork = deliveries.contains { delivery in
            switch delivery.message {
            case .order, .offers: true
            case .welcome, .heartbeat, .inquiry: false
            }
        }
        let told = deliveries.map { delivery in
            guard !isWhole, case .offers(var share) = delivery.message else { return delivery }
            share.offers = [:]
            return Delivery(.offers(share), to: delivery.nodes)
        }
        if isWork { await fanOut.measure { await bus.send(told) } } else { await bus.send(told) }
    }
}

/// The journal, with the time that it takes.
struct MeasuredJournal: Journal {
    let journal: any Journal
    let spent: Spent

    func load() async throws(JournalError) -> JournalState { try await journal.load() }

    func record(_ entries: [JournalEntry]) async throws(JournalError) {
        try await spent.measure { () async throws(JournalError) in try await journal.record(entries) }
    }
}
