@testable internal import Bus
internal import Fleet
internal import Testing

@Suite("The newest connection of each node")
struct ConnectionTableTests {
    private func id(_ counter: UInt32) throws -> RoutingID {
        try #require(RoutingID([0] + (0..<4).map { UInt8(truncatingIfNeeded: counter >> (24 - 8 * $0)) }))
    }

    @Test("A newer connection replaces an older one, also where the counter wraps around")
    func newest() throws {
        var table = ConnectionTable()

        #expect(table.observe(try id(.max), of: 1))
        #expect(table.observe(try id(2), of: 1))
        #expect(!table.observe(try id(.max), of: 1))
        #expect(table.observe(try id(2), of: 1))
        #expect(table.connection(of: 1) == (try id(2)))
        #expect(table.connection(of: 2) == nil)
    }

    @Test(
        "A routing id that the router did not give out is none",
        arguments: [[], [0, 1], [1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]])
    func foreign(bytes: [UInt8]) {
        #expect(RoutingID(bytes) == nil)
    }

    @Test("A log gate lets the first line through, and the next after a while with the count of the others")
    func logGate() {
        var gate = LogGate()
        let start = ContinuousClock.now

        #expect(gate.pass(at: start) == 0)
        #expect(gate.pass(at: start + .seconds(1)) == nil)
        #expect(gate.pass(at: start + .seconds(2)) == nil)
        #expect(gate.pass(at: start + .seconds(11)) == 2)
        #expect(gate.pass(at: start + .seconds(22)) == 0)
    }
}
