public import Fleet
internal import Simulated

/// One seed's story: a storm in which nothing wrong may happen, then quiet, in which the fleet must come to where the
/// operator wants it.
public enum Simulation {
    /// From the end of the storm until every edge stands where it should. The parts: 12 s until a killed process is back,
    /// 24.5 s for a rollout that was under way, 60 s for the longest pause before settling, and the calls themselves.
    public static let convergenceMicroseconds: UInt64 = 180_000_000
    /// Without faults the opposite call is answered and carried out in so long, also where an agent was stopped until
    /// now and works off what it missed.
    static let quietCallMicroseconds: UInt64 = 60_000_000
    /// Time for what is in flight to arrive.
    static let settleMicroseconds: UInt64 = 1_000_000

    /// How a seed went.
    public struct Outcome: Sendable {
        public var seed: UInt64
        /// `nil` where all was well.
        public var violation: Violation?
        public var virtualMicroseconds: UInt64
        /// What it took on this machine.
        public var realMicroseconds: UInt64
        public var stepCount: UInt64
        /// The same for two runs that took the same way.
        public var fingerprint: UInt64
        public var packets: Flow.Count
        public var calls: Int
        /// From the end of the storm until the fleet was where it should be.
        public var convergenceMicroseconds: UInt64
    }

    /// Runs one scenario on the calling thread.
    ///
    /// - Parameter transcript: takes a line for everything that happens.
    public static func run(
        _ scenario: Scenario, programs: any Programs, flaws: Flaws = [], transcript: ((String) -> Void)? = nil
    ) -> Outcome {
        let began = ContinuousClock.now
        let world = FleetWorld(scenario, programs: programs, flaws: flaws, transcript: transcript)
        let scheduler = world.scheduler
        world.tell("\(scenario.nodeCount) nodes, \(scenario.ingredients.map(\.rawValue).sorted())")
        world.planFaults()
        world.planCalls()
        world.start()
        scheduler.run(until: scenario.storm)
        world.checker.bringUpAll()
        let convergence = converge(world)
        if world.checker.violation == nil { part(world) }
        return Outcome(
            seed: scenario.seed, violation: world.checker.violation,
            virtualMicroseconds: scheduler.now.microseconds,
            realMicroseconds: UInt64((ContinuousClock.now - began) / .microseconds(1)), stepCount: scheduler.stepCount,
            fingerprint: scheduler.fingerprint, packets: world.checker.packets, calls: world.calls.count,
            convergenceMicroseconds: convergence)
    }

    /// Answers how long it took.
    private static func converge(_ world: FleetWorld) -> UInt64 {
        let scheduler = world.scheduler
        let began = scheduler.now
        guard world.checker.violation == nil else { return 0 }
        world.heal()
        var isAnswered = false
        world.settle { isAnswered = true }
        let target = world.scenario.finalTarget
        let end = Instant(microseconds: began.microseconds + convergenceMicroseconds)
        scheduler.run(until: end) { isAnswered && world.isAt(target) && world.isQuiet }
        if !scheduler.isStopped, !(isAnswered && world.isAt(target) && world.isQuiet) {
            world.checker.report(
                "not \(target ? "on" : "off") within \(convergenceMicroseconds / 1_000_000) s of quiet")
        }
        return scheduler.now.microseconds(since: began)
    }

    /// The opposite call works at once, and leaves behind what it should.
    private static func part(_ world: FleetWorld) {
        let scheduler = world.scheduler
        let target = !world.scenario.finalTarget
        var isDone = false
        func again() { world.attempt(target) { if $0 { isDone = true } else { again() } } }
        again()
        let end = Instant(microseconds: scheduler.now.microseconds + quietCallMicroseconds)
        scheduler.run(until: end) { isDone && world.isAt(target) && world.isQuiet }
        if scheduler.isStopped { return }
        if !isDone || !world.isAt(target) {
            return world.checker.report("the last call, \(target ? "on" : "off"), was not carried out")
        }
        scheduler.run(until: Instant(microseconds: scheduler.now.microseconds + settleMicroseconds))
        world.checker.bringUpAll()
        for host in world.hosts {
            if !host.holdsStrangers { world.checker.report("\(host.name) lost what is not the fleet's own") }
            if !target, !host.holdsStrangersAlone {
                world.checker.report("\(host.name) is off and keeps \(host.kernel.snapshot)")
            }
        }
    }
}
