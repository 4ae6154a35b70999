public import Fleet

/// The agent's machine: which orders it takes, in which order it does what, and what it answers.
///
/// Pure: the shell performs the effects on disk, kernel and keys, and says how they went. Orders are taken by stamp:
/// an older one is refused, a repeated one is carried out again (which changes nothing where it is done) and answered
/// from a fresh read-back.
public struct NodeLadder: Hashable, Sendable {
    /// What the shell must do next, in order.
    public enum Effect: Hashable, Sendable {
        /// Make durable that nothing older than this generation may be taken; answer with
        /// ``NodeLadder/generationPersisted()`` or ``NodeLadder/persistenceFailed(standing:)``.
        case persist(Epoch, Generation)
        /// Do what the order says; answer with ``NodeLadder/performed(_:)``.
        case perform(Work)
        case report(Report)
    }

    /// What an order comes down to on this node.
    public enum Work: Hashable, Sendable {
        case preflight
        case observe
        /// Make an offer for this generation, or answer with the one made for it before.
        case offer(Generation)
        /// Put the edge toward each peer on the place that the rule gives it.
        case move(EdgeRule, fresh: Order.Fresh?)
        /// Ask and answer over the edges that the probe names.
        case probe(Order.Probe)
    }

    /// How the work went.
    public struct Performance: Hashable, Sendable {
        public var refusals: [Refusal]
        /// By read-back after the work, `nil` where the kernel could not be read.
        public var standing: Standing?
        public var offer: Offer?
        /// The greatest round trip of a probe.
        public var probeMicroseconds: UInt64?

        public init(
            refusals: [Refusal] = [], standing: Standing?, offer: Offer? = nil, probeMicroseconds: UInt64? = nil
        ) {
            self.refusals = refusals
            self.standing = standing
            self.offer = offer
            self.probeMicroseconds = probeMicroseconds
        }
    }

    enum Activity: Hashable {
        case idle
        case persisting(Order, before: Taken)
        case performing(Order)
    }

    /// What was taken before an order: it is so again where the order's generation cannot be made durable.
    struct Taken: Hashable {
        var epoch: Epoch?
        var accepted: Stamp
        var persisted: Generation
        var newest: Order?
    }

    /// The journal and the roster of the last welcome, `nil` before the first.
    struct Membership: Hashable {
        var epoch: Epoch
        var roster: RosterVersion
    }

    var membership: Membership?
    var offers: OfferSetVersion?
    /// The journal that the newest generation belongs to.
    public private(set) var epoch: Epoch?
    /// The newest order taken; after a restart, the persisted generation before its first step.
    public private(set) var accepted: Stamp
    var persisted: Generation
    var newest: Order?
    var activity = Activity.idle
    /// The newest order that came while another was in work: at most one, the later stamp wins.
    var next: Order?
    var sequence: UInt64 = 0
    let flaws: Flaws
    var lastReport: Report?

    /// - Parameters:
    ///   - epoch: as persisted, `nil` before the first order ever.
    ///   - generation: as persisted.
    public init(epoch: Epoch?, generation: Generation, flaws: Flaws = []) {
        self.flaws = flaws
        self.epoch = epoch
        persisted = generation
        accepted = Stamp(generation: generation, step: 0)
    }

    /// The coordinator said in which roster this node is.
    public mutating func welcome(epoch: Epoch, roster: RosterVersion) {
        membership = Membership(epoch: epoch, roster: roster)
    }

    /// All nodes' offers of one generation came.
    public mutating func receive(offers version: OfferSetVersion) {
        offers = version
    }

    /// An order came. `now` is the coordinator's clock as this node estimates it, never later than the truth.
    public mutating func receive(_ order: Order, at now: Instant) -> [Effect] {
        guard let membership, membership.roster == order.roster, membership.epoch == order.epoch else {
            return [answer(order, .missing(.roster))]
        }
        if flaws.contains(.takesOldOrders), activity == .idle { return take(order) }
        if flaws.contains(.answersFromMemory), order == newest, var report = lastReport, report.verdict == .done {
            sequence += 1
            report.sequence = sequence
            return [.report(report)]
        }
        if now > order.expiry { return [answer(order, .expired)] }
        let isNewJournal = epoch != order.epoch
        if !isNewJournal && order.stamp < accepted { return [answer(order, .stale(newest: accepted))] }
        if !isNewJournal && order.stamp == accepted, let newest, newest != order { return [answer(order, .conflict)] }
        if case .move(_, .some(let fresh)) = order.task, fresh.isMade, offers != fresh.version {
            return [answer(order, .missing(.offers))]
        }
        guard activity == .idle else {
            // The coordinator sends a newer order only when it no longer waits for the older one.
            if next.map({ $0.stamp <= order.stamp }) ?? true { next = order }
            return []
        }
        return take(order)
    }

    /// The generation is durable.
    public mutating func generationPersisted() -> [Effect] {
        guard case .persisting(let order, _) = activity else { return [] }
        activity = .performing(order)
        return [.perform(work(order))]
    }

    /// The generation could not be made durable: the order was never taken, and its coordinator hears why.
    ///
    /// - Parameter standing: by read-back.
    public mutating func persistenceFailed(standing: Standing?) -> [Effect] {
        guard case .persisting(let order, let before) = activity else { return [] }
        (epoch, accepted, persisted, newest) = (before.epoch, before.accepted, before.persisted, before.newest)
        let refusal = Refusal(cause: .host, message: Self.noRecord)
        return finish(answer(order, .refused([refusal]), standing: standing))
    }

    /// Why a node whose disk takes nothing more does nothing.
    public static let noRecord = "the record cannot be written"

    /// The work is done, or refused.
    public mutating func performed(_ performance: Performance) -> [Effect] {
        guard case .performing(let order) = activity else { return [] }
        let verdict: Report.Verdict = performance.refusals.isEmpty ? .done : .refused(performance.refusals)
        let report = answer(
            order, verdict, standing: performance.standing, offer: performance.offer,
            probeMicroseconds: performance.probeMicroseconds)
        if flaws.contains(.answersFromMemory), case .report(let made) = report { lastReport = made }
        return finish(report)
    }

    /// The order in work is answered: the one that waits is next.
    private mutating func finish(_ report: Effect) -> [Effect] {
        activity = .idle
        guard let waiting = next else { return [report] }
        next = nil
        let isStale = waiting.stamp < accepted
        return [report] + (isStale ? [answer(waiting, .stale(newest: accepted))] : take(waiting))
    }

    /// A sign of life with the newest read-back.
    public mutating func heartbeat(
        standing: Standing?, packets: UInt64, problems: [String], spare: Offer? = nil
    ) -> NodeHeartbeat {
        sequence += 1
        return NodeHeartbeat(
            sequence: sequence, accepted: carriedOut, standing: standing, packets: packets,
            problems: Array(problems.prefix(NodeHeartbeat.problemsMaximum)), spare: spare)
    }

    /// The newest order of which nothing is left to do: one in work does not count.
    private var carriedOut: Stamp {
        // Stamps of another journal say nothing to this coordinator.
        guard let membership, epoch == membership.epoch else { return .none }
        return switch activity {
        case .idle: accepted
        case .persisting(let order, _), .performing(let order):
            // One step earlier: everything before it is done or void.
            Stamp(generation: order.stamp.generation, step: max(order.stamp.step, 1) - 1)
        }
    }

    private mutating func take(_ order: Order) -> [Effect] {
        let isNewer = epoch != order.epoch || order.stamp.generation > persisted
        let before = Taken(epoch: epoch, accepted: accepted, persisted: persisted, newest: newest)
        accepted = order.stamp
        newest = order
        guard isNewer else {
            activity = .performing(order)
            return [.perform(work(order))]
        }
        epoch = order.epoch
        persisted = order.stamp.generation
        activity = .persisting(order, before: before)
        return [.persist(order.epoch, order.stamp.generation)]
    }

    private func work(_ order: Order) -> Work {
        switch order.task {
        case .preflight: .preflight
        case .observe: .observe
        case .offer: .offer(order.stamp.generation)
        case .move(let rule, let fresh): .move(rule, fresh: fresh)
        case .probe(let probe): .probe(probe)
        }
    }

    private mutating func answer(
        _ order: Order, _ verdict: Report.Verdict, standing: Standing? = nil, offer: Offer? = nil,
        probeMicroseconds: UInt64? = nil
    ) -> Effect {
        sequence += 1
        return .report(
            Report(
                answering: order.stamp, sequence: sequence, verdict: verdict, standing: standing, offer: offer,
                probeMicroseconds: probeMicroseconds))
    }
}
