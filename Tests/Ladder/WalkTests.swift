import Fleet
import Testing

@testable import Ladder

/// Every order of deliveries, losses, duplicates, crashes and time-outs within a budget of faults, from one start.
struct Walk {
    struct Budget: Hashable {
        var losses = 0
        var duplicates = 0
        var crashes = 0
        var timeouts = 0
    }

    struct Place: Hashable {
        var world: World
        var budget: Budget
    }

    /// More worlds than this and the walk has outgrown a unit test.
    static let worldsMaximum = 400_000

    private(set) var visited: Set<Int> = []
    private(set) var violations: [String] = []
    private(set) var stuck = 0
    private(set) var outcomes: [String: Int] = [:]

    mutating func explore(_ world: World, _ budget: Budget) {
        var open = [Place(world: world, budget: budget)]
        while let place = open.popLast(), visited.count < Self.worldsMaximum, violations.isEmpty {
            guard visited.insert(place.hashValue).inserted else { continue }
            violations += place.world.violations
            let next = successors(of: place)
            if next.isEmpty { finish(place.world) }
            open += next
        }
    }

    private mutating func finish(_ world: World) {
        guard let outcome = world.outcome else {
            stuck += 1
            return
        }
        switch outcome {
        case .done: outcomes["done", default: 0] += 1
        case .failed: outcomes["failed", default: 0] += 1
        }
    }

    private func successors(of place: Place) -> [Place] {
        var result: [Place] = []
        func branch(_ change: (inout Place) -> Void) {
            var next = place
            change(&next)
            result.append(next)
        }
        for (number, node) in place.world.nodes.sorted(by: { $0.key < $1.key }) {
            if !node.inbox.isEmpty {
                branch { $0.world.deliverDown(number) }
                if place.budget.losses > 0 {
                    branch {
                        $0.world.nodes[number]?.inbox.removeFirst()
                        $0.budget.losses -= 1
                    }
                }
                if place.budget.duplicates > 0 {
                    branch {
                        $0.world.deliverDown(number, keeps: true)
                        $0.budget.duplicates -= 1
                    }
                }
            }
            if !node.outbox.isEmpty {
                branch { $0.world.deliverUp(number) }
                if place.budget.losses > 0 {
                    branch {
                        $0.world.nodes[number]?.outbox.removeFirst()
                        $0.budget.losses -= 1
                    }
                }
                if place.budget.duplicates > 0 {
                    branch {
                        $0.world.deliverUp(number, keeps: true)
                        $0.budget.duplicates -= 1
                    }
                }
            }
            if place.budget.crashes > 0, place.world.outcome == nil {
                branch {
                    $0.world.crash(number)
                    $0.budget.crashes -= 1
                }
            }
        }
        result += timers(of: place)
        return result
    }

    /// Time passes by itself when nothing travels, or in a drain; a time-out while letters travel is a fault.
    private func timers(of place: Place) -> [Place] {
        guard place.world.armed != nil else { return [] }
        let isQuiet = place.world.nodes.values.allSatisfy { $0.inbox.isEmpty && $0.outbox.isEmpty }
        var next = place
        if case .draining = place.world.rollout.phase {
            next.world.tick()
            return [next]
        }
        if isQuiet {
            next.world.tick()
            return [next]
        }
        guard place.budget.timeouts > 0 else { return [] }
        next.budget.timeouts -= 1
        for _ in 0..<20
        where next.world.rollout.phase == place.world.rollout.phase
            || next.world.rollout.waitingFor == place.world.rollout.waitingFor
        {
            if next.world.rollout.stampForTests != place.world.rollout.stampForTests { break }
            next.world.tick()
        }
        return [next]
    }
}

extension Rollout {
    var stampForTests: Stamp { stamp }
}

@Suite("Exhaustive walk")
struct WalkTests {
    static let up = EdgeState.on(.enforce, offers: Generation(1))
    static let climbs: [(String, Rollout.Kind, UInt32, EdgeState, Walk.Budget)] = [
        ("on, 2 nodes, a loss and a duplicate", .enable, 2, .clear, .init(losses: 1, duplicates: 1)),
        ("on, 2 nodes, a crash and a loss", .enable, 2, .clear, .init(losses: 1, crashes: 1)),
        ("on, 2 nodes, a time-out", .enable, 2, .clear, .init(timeouts: 1)),
        ("off, 2 nodes, a crash and a duplicate", .disable, 2, up, .init(duplicates: 1, crashes: 1)),
        ("off, 2 nodes, a time-out", .disable, 2, up, .init(timeouts: 1)),
        ("on, 3 nodes, a crash", .enable, 3, .clear, .init(crashes: 1)),
        ("on, 3 nodes, a duplicate", .enable, 3, .clear, .init(duplicates: 1)),
        ("off, 3 nodes, a loss", .disable, 3, up, .init(losses: 1)),
        ("rotate, 2 nodes, a loss and a duplicate", .rotate, 2, up, .init(losses: 1, duplicates: 1)),
        ("rotate, 2 nodes, a crash and a loss", .rotate, 2, up, .init(losses: 1, crashes: 1)),
        ("rotate, 2 nodes, a time-out", .rotate, 2, up, .init(timeouts: 1)),
        ("rotate, 3 nodes, a crash", .rotate, 3, up, .init(crashes: 1)),
    ]

    @Test("The rule holds in every world, and every world comes to an answer", arguments: climbs.indices)
    func ruleHolds(index: Int) {
        let (name, kind, count, state, budget) = Self.climbs[index]
        var walk = Walk()
        var world = World(kind, count: count, at: state, generation: state == .clear ? 1 : 2)
        for number in world.nodes.keys { world.nodes[number]?.lagMicroseconds = 60_000_000 }
        world.begin()

        walk.explore(world, budget)

        print("walk: \(name): \(walk.visited.count) worlds, answers \(walk.outcomes)")
        #expect(walk.violations == [])
        #expect(walk.stuck == 0)
        #expect(walk.visited.count > 100)
        #expect(walk.visited.count < Walk.worldsMaximum)
    }

    @Test("The walk finds a planted violation: a report that nobody made")
    func plantedViolation() {
        var walk = Walk()
        var world = World(.enable, count: 2)
        world.forgesReports = true
        world.begin()

        walk.explore(world, .init())

        #expect(!walk.violations.isEmpty)
    }
}
