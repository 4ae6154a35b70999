/// Faults planted in the code on purpose, so that the tests can show that they would be found. None in production.
///
/// Each takes effect in one line, which says what it leaves out.
public struct Flaws: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The next stride is ordered when the first node has reported.
    public static let skipsBarrier = Flaws(rawValue: 1 << 0)
    /// Nothing is waited for before clear is refused and SAs are removed.
    public static let forgetsDrain = Flaws(rawValue: 1 << 1)
    /// A report on an older step counts for the one under way.
    public static let trustsLateReports = Flaws(rawValue: 1 << 2)
    /// An agent reports what it was ordered instead of what it reads back.
    public static let reportsTheOrder = Flaws(rawValue: 1 << 3)
    /// What a silent node was ordered is not taken into account.
    public static let forgetsSilentOrders = Flaws(rawValue: 1 << 4)
    /// An agent answers a repeated order with what it answered before.
    public static let answersFromMemory = Flaws(rawValue: 1 << 5)
    /// A missing SA is made again with the key that it had.
    public static let recreatesAssociations = Flaws(rawValue: 1 << 6)
    /// An agent offers the same ephemeral key again.
    public static let reusesOffers = Flaws(rawValue: 1 << 7)
    /// An agent gives out the same slot again.
    public static let reusesSlots = Flaws(rawValue: 1 << 8)
    /// An agent does not keep the newest generation.
    public static let forgetsGeneration = Flaws(rawValue: 1 << 9)
    /// An agent takes orders older than the newest one.
    public static let takesOldOrders = Flaws(rawValue: 1 << 10)
    /// `enabled` is what was asked for.
    public static let believesTheTarget = Flaws(rawValue: 1 << 12)
    /// An agent refuses clear a rung early.
    public static let enforcesEarly = Flaws(rawValue: 1 << 13)
    /// An agent says hello once, whether it is heard or not.
    public static let saysHelloOnce = Flaws(rawValue: 1 << 15)
    /// An agent tells a spare offer on one connection after another.
    public static let tellsSparesAgain = Flaws(rawValue: 1 << 16)

    /// By the name that the command line knows them by.
    public static let names: [String: Flaws] = [
        "skips-barrier": .skipsBarrier, "forgets-drain": .forgetsDrain, "trusts-late-reports": .trustsLateReports,
        "reports-the-order": .reportsTheOrder, "forgets-silent-orders": .forgetsSilentOrders,
        "answers-from-memory": .answersFromMemory, "recreates-associations": .recreatesAssociations,
        "reuses-offers": .reusesOffers, "reuses-slots": .reusesSlots, "forgets-generation": .forgetsGeneration,
        "takes-old-orders": .takesOldOrders,
        "believes-the-target": .believesTheTarget, "enforces-early": .enforcesEarly,
        "says-hello-once": .saysHelloOnce, "tells-spares-again": .tellsSparesAgain,
    ]
}
