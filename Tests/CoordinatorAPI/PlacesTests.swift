import Testing

@testable import CoordinatorAPI

@Suite("Places")
struct PlacesTests {
    private struct Failed: Error {}

    /// Opens once for all who wait, and knows how many were there at once.
    private actor Gate {
        private(set) var most = 0
        private var running = 0
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func pass() async {
            running += 1
            most = max(most, running)
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
            running -= 1
        }

        func open() {
            isOpen = true
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }

    @Test(
        "So many at once, so many wait, so many of one address; the rest are sent away, and all places come free again")
    func bounds() async throws {
        let places = Places(runningMaximum: 2, waitingMaximum: 3, waitingPerPeerMaximum: 2)
        let gate = Gate()
        let done = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    await places.with(peer: number < 10 ? "192.0.2.1" : "192.0.2.2") { await gate.pass() } != nil
                }
            }
            // Those that are sent away come back at once; the others wait for the gate.
            var done: [Bool] = []
            while done.count < 15, let isDone = await group.next() { done.append(isDone) }
            #expect(done.allSatisfy { !$0 })
            await gate.open()
            for await isDone in group { done.append(isDone) }
            return done
        }

        #expect(done.count(where: \.self) == 5)
        #expect(await gate.most == 2)
        #expect(await places.with(peer: "192.0.2.1") { true } == true)
    }

    @Test("A place comes free where what was done there fails")
    func failure() async throws {
        let places = Places(runningMaximum: 1, waitingMaximum: 0, waitingPerPeerMaximum: 0)

        for _ in 0..<2 {
            await #expect(throws: Failed.self) {
                try await places.with(peer: "192.0.2.1") { () async throws(Failed) -> Void in throw Failed() }
            }
        }
    }
}
