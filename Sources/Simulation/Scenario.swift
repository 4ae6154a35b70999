public import Fleet
public import Ladder

/// What one seed makes of a fleet: its size, its weather, what goes wrong and when, and what the operator asks for.
///
/// Swarm testing: every seed leaves most kinds of faults out, for a kind that is always there hides what happens
/// without it.
public struct Scenario: Sendable {
    /// A kind of trouble that a seed may have.
    public enum Ingredient: String, CaseIterable, Hashable, Sendable {
        case loss, duplication, reordering, oneWayCuts, twoWayCuts, disconnects
        case agentKills, coordinatorKills, stops, reboots
        case refusals, outages, slowAssociations, fullDisks, backups
        case networkCuts, slowNodes, strangers, drift, blockedPaths
    }

    /// How the bus treats a message.
    public struct BusWeather: Hashable, Sendable {
        public var delayMicroseconds: ClosedRange<UInt64>
        public var lossPercent: UInt64
        public var duplicatePercent: UInt64
        /// One message in a hundred that takes ten times as long.
        public var stragglerPercent: UInt64
        /// Whether messages overtake each other on one connection: harsher than TCP.
        public var reorders: Bool
    }

    /// A call of the operator.
    public struct Call: Hashable, Sendable {
        /// What is asked for.
        public enum Wish: Hashable, Sendable {
            case on, off, rotate, prepare
        }

        public var moment: Instant
        public var wish: Wish
    }

    /// Two to seven: with seven the orders have exceptions of every shape, and a seed is still quick.
    static let nodeCounts: ClosedRange<Int> = 2...7
    /// A seed in so many is calm: what fails there fails without any fault.
    private static let calmOneIn: UInt64 = 8
    private static let ingredientPercent: UInt64 = 30
    private static let faultsMaximum = 24

    public let seed: UInt64
    public var nodeCount: Int
    /// IPv4 alone, or IPv6 as well.
    public var families: [Address.Family]
    public var limits: RolloutLimits
    /// Below the drain: for those delays loss is claimed zero.
    public var path: PathDelay
    public var weather: BusWeather
    public var ingredients: Set<Ingredient>
    /// When the storm is over and everything is healed.
    public var storm: Instant
    /// In order of time.
    public var calls: [Call]
    /// In order of time.
    public var faults: [(moment: Instant, fault: Fault)]
    /// What the operator wants after the storm.
    public var finalTarget: Bool
    /// How long the first SA of a boot takes, while modules load.
    public var firstAssociationMicroseconds: UInt64
    public var slowNodes: Set<Int>

    public init(seed: UInt64) {
        var random = SeededGenerator(seed: seed, stream: .scenario)
        self.seed = seed
        nodeCount = random.count(Self.nodeCounts)
        families = random.chance(percent: 50) ? [.ipv4] : Address.Family.allCases
        var limits = RolloutLimits()
        let drain = random.draw(20...200)
        // An automatic drain is never shorter than the longest fixed one here.
        if random.chance(percent: 70) { limits.drain = .fixed(milliseconds: drain) }
        self.limits = limits
        let slowest = drain * 1_000 * random.draw(5...95) / 100
        path = PathDelay(microseconds: random.draw(10...slowest / 2)...slowest)
        let isCalm = random.next() % Self.calmOneIn == 0
        let drawn = Ingredient.allCases.filter { _ in random.chance(percent: Self.ingredientPercent) }
        let ingredients = Set(isCalm ? [] : drawn)
        self.ingredients = ingredients
        weather = Self.weather(ingredients, &random)
        storm = Instant(milliseconds: random.draw(10_000...40_000))
        firstAssociationMicroseconds =
            ingredients.contains(.slowAssociations) ? random.draw(100_000...4_000_000) : random.draw(10...1_000)
        let count = nodeCount
        let slow = (0..<random.count(1...2)).map { _ in random.count(0...count - 1) }
        slowNodes = ingredients.contains(.slowNodes) ? Set(slow) : []
        finalTarget = random.chance(percent: 60)
        calls = Self.calls(until: storm, &random)
        faults = []
        faults = Self.faults(for: self, &random)
    }

    /// Packets take up to three times as long as the drain waits: the control, in which some must be lost.
    public mutating func slowPathDown() {
        let drain = limits.drainMilliseconds(afterProbe: 0) * 1_000
        path = PathDelay(microseconds: drain...3 * drain)
    }

    private static func weather(_ ingredients: Set<Ingredient>, _ random: inout SeededGenerator) -> BusWeather {
        let fastest = random.draw(50...500)
        let slowest: UInt64 = random.pick([1_000, 10_000, 50_000, 300_000]) ?? 1_000
        return BusWeather(
            delayMicroseconds: fastest...fastest + slowest,
            lossPercent: ingredients.contains(.loss) ? random.draw(1...20) : 0,
            duplicatePercent: ingredients.contains(.duplication) ? random.draw(1...30) : 0,
            stragglerPercent: random.chance(percent: 30) ? 1 : 0, reorders: ingredients.contains(.reordering))
    }

    private static func calls(until storm: Instant, _ random: inout SeededGenerator) -> [Call] {
        let wishes: [Call.Wish] = [.on, .on, .on, .on, .off, .off, .rotate, .rotate, .prepare]
        var calls: [Call] = []
        for _ in 0..<random.count(1...5) {
            let moment = random.draw(100_000...storm.microseconds)
            // Several at once, some of them with the opposite target.
            let together = random.chance(percent: 20) ? random.count(2...4) : 1
            for _ in 0..<together {
                let spread = random.draw(0...200_000)
                calls.append(
                    Call(moment: Instant(microseconds: moment + spread), wish: random.pick(wishes) ?? .on))
            }
        }
        return calls.sorted { $0.moment < $1.moment }
    }

    /// Most faults fall where a rollout is under way: there they meet something.
    private static func faults(
        for scenario: Scenario, _ random: inout SeededGenerator
    ) -> [(moment: Instant, fault: Fault)] {
        guard !scenario.ingredients.isEmpty else { return [] }
        var faults: [(moment: Instant, fault: Fault)] = []
        for _ in 0..<random.count(1...faultsMaximum) {
            guard let fault = Fault.draw(scenario, &random) else { continue }
            let call = random.pick(scenario.calls)?.moment.microseconds ?? 0
            let moment =
                random.chance(percent: 70)
                ? call + random.draw(0...1_500_000) : random.draw(0...scenario.storm.microseconds)
            faults.append((Instant(microseconds: min(moment, scenario.storm.microseconds)), fault))
        }
        return faults.sorted { $0.moment < $1.moment }
    }
}
