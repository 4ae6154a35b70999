import Fleet
import Ports
import Testing

@testable import Probe

@Suite("Probes between loopback addresses", .timeLimit(.minutes(1)))
struct UDPPathProbeTests {
    private let port = Loopback.port()
    private let nonce: UInt64 = 0x7e57_ed0c_0ffe_e000
    private let near = Address("127.77.0.1") ?? .any(.ipv4)
    private let far = Address("127.77.0.2") ?? .any(.ipv4)

    private func session(_ own: [Address], _ peers: Set<Address>) -> ProbeSession {
        ProbeSession(nonce: nonce, port: port, own: own, peers: peers)
    }

    private func target(_ number: Int, _ own: Address, _ address: Address) throws -> ProbeTarget {
        ProbeTarget(peer: try #require(NodeNumber(UInt32(number))), own: own, address: address)
    }

    private func openProbe(_ own: [Address], _ peers: Set<Address>) async throws -> UDPPathProbe {
        let probe = UDPPathProbe(clock: TestClock())
        try await probe.open(session(own, peers))
        return probe
    }

    private func request(_ sequence: UInt32 = 1, kind: ProbeDatagram.Kind = .request) -> ProbeDatagram {
        ProbeDatagram(kind: kind, size: .small, sequence: sequence, nonce: nonce, byteCount: 32)
    }

    @Test("Two probes answer each other, both ways")
    func bothWays() async throws {
        let first = try await openProbe([near], [far])
        let second = try await openProbe([far], [near])

        async let there = first.ask([try target(2, near, far)])
        async let back = second.ask([try target(1, far, near)])
        let results = try await there + back

        #expect(results.map(\.target.address) == [far, near])
        #expect(results.allSatisfy { $0.verdict.isEchoed && !$0.losesFragments }, "\(results)")
        await first.close()
        await second.close()
        #expect(await first.counters.answered >= 2)
    }

    @Test("IPv6 works like IPv4")
    func overIPv6() async throws {
        let own = try Loopback.address("::1")
        let probe = try await openProbe([own], [own])

        let results = await probe.ask([try target(1, own, own)])

        #expect(results.allSatisfy { $0.verdict.isEchoed }, "\(results)")
        await probe.close()
    }

    @Test("A thousand targets are answered, each in its place")
    func manyTargets() async throws {
        let peers = try (1...20).map { try Loopback.address("127.77.1.\($0)") }
        let first = try await openProbe([near], Set(peers))
        let second = try await openProbe(peers, [near])
        let targets = try (1...1_000).map { try target($0, near, peers[$0 % peers.count]) }

        let results = await first.ask(targets)

        #expect(results.map(\.target) == targets)
        #expect(results.count { $0.verdict.isEchoed } == targets.count)
        await first.close()
        await second.close()
    }

    @Test("A peer that opens late is found by a retry")
    func lateOpener() async throws {
        let first = try await openProbe([near], [far])
        let second = UDPPathProbe(clock: TestClock())
        let question = [try target(2, near, far)]

        async let answer = first.ask(question)
        do {
            let early = try Loopback.socket(far, port)
            let heard = try await Loopback.receive(early)
            #expect(heard.sender == Endpoint(address: near, port: port))
        }
        // A program that another test starts has a copy of the socket until it has begun.
        try await Loopback.wait { (try? await second.open(session([far], [near]))) != nil }

        let results = await answer
        #expect(results.allSatisfy { $0.verdict.isEchoed }, "\(results)")
        await first.close()
        await second.close()
    }

    @Test("Nobody on the other side is silent; on an open side, an unknown address is unsent")
    func silence() async throws {
        let first = try await openProbe([near], [far])
        let elsewhere = try Loopback.address("127.77.9.9")
        let six = try Loopback.address("::1")

        let results = await first.ask([
            try target(2, near, far), try target(3, elsewhere, far), try target(4, near, six),
            try target(5, near, Address("255.255.255.255") ?? far),
        ])

        #expect(results.count == 4)
        #expect(results[0].verdict == .silent)
        #expect(results[1].verdict == .unsent("127.77.9.9 is not an address of this session"))
        #expect(results[2].verdict == .unsent("127.77.0.1 cannot send to ::1"))
        #expect(results[3].verdict.isUnsent, "a broadcast is refused by the kernel")
        await first.close()
    }

    @Test("Only a request of the session's nonce from a peer's address and the session's port is answered")
    func forgeries() async throws {
        let probe = try await openProbe([near], [far])
        let to = Endpoint(address: near, port: port)
        let peer = try Loopback.socket(far, port)
        let otherPort = try Loopback.socket(far, port + 1_000)
        let stranger = try Loopback.socket(try Loopback.address("127.77.0.3"), port)
        var otherNonce = request()
        otherNonce.nonce += 1
        let forgeries: [(ProbeSocket, [UInt8])] = [
            (peer, otherNonce.encoded()), (otherPort, request().encoded()), (stranger, request().encoded()),
            (peer, request(kind: .echo).encoded()), (peer, [1, 2, 3]), (peer, []),
        ]

        for (socket, bytes) in forgeries { #expect(socket.send(bytes, to: to, mayFragment: false) == .sent) }
        #expect(peer.send(request(7).encoded(), to: to, mayFragment: false) == .sent)

        // The last one is answered, and whatever came before it was not.
        #expect(try await Loopback.receive(peer).datagram == request(7, kind: .echo))
        try await Loopback.wait { await probe.counters.ignored == UInt64(forgeries.count) }
        var buffer = [UInt8](repeating: 0, count: 64)
        for socket in [peer, otherPort, stranger] { #expect(socket.receive(into: &buffer) == nil) }
        #expect(await probe.counters.answered == 1)
        await probe.close()
    }

    @Test("An echo counts only from the address that was asked")
    func foreignEcho() async throws {
        let probe = try await openProbe([near], [far])
        let peer = try Loopback.socket(far, port)
        let stranger = try Loopback.socket(try Loopback.address("127.77.0.3"), port)
        let to = Endpoint(address: near, port: port)
        let question = [try target(2, near, far)]

        async let answer = probe.ask(question)
        let heard = try #require(try await Loopback.receive(peer).datagram)
        let echo = try #require(heard.answer).encoded()
        #expect(stranger.send(echo, to: to, mayFragment: false) == .sent)
        try await Loopback.wait { await probe.counters.ignored == 1 }
        await probe.close()

        #expect(await answer.map(\.verdict) == [.silent])
    }

    @Test("Closing ends an ask: who has not answered is silent")
    func closeDuringAsk() async throws {
        let clock = TestClock()
        let probe = UDPPathProbe(clock: clock)
        try await probe.open(session([near], [far]))
        let peer = try Loopback.socket(far, port)
        clock.hold()
        let question = try (2...500).map { try target($0, near, far) }

        async let answer = probe.ask(question)
        _ = try await Loopback.receive(peer)
        await probe.close()

        #expect(await answer == question.map { ProbeResult(target: $0, verdict: .silent) })
    }

    @Test("A cancelled ask ends, and the session goes on")
    func cancelledAsk() async throws {
        let clock = TestClock()
        let probe = UDPPathProbe(clock: clock)
        try await probe.open(session([near], [far]))
        let peer = try Loopback.socket(far, port)
        clock.hold()
        let question = [try target(2, near, far)]

        let verdicts = await withTaskGroup(of: [ProbeResult].self) { group in
            group.addTask { await probe.ask(question) }
            _ = try? await Loopback.receive(peer)
            group.cancelAll()
            return await group.reduce(into: []) { $0 += $1.map(\.verdict) }
        }

        #expect(verdicts == [.silent])
        #expect(peer.send(request().encoded(), to: Endpoint(address: near, port: port), mayFragment: false) == .sent)
        #expect(try await Loopback.receive(peer).datagram == request(kind: .echo))
        await probe.close()
    }

    @Test("Asks wait for each other; one too many is unsent")
    func queue() async throws {
        let clock = TestClock()
        let probe = UDPPathProbe(clock: clock)
        try await probe.open(session([near], [far]))
        clock.hold()
        let question = [try target(2, near, far)]

        let verdicts = await withTaskGroup(of: [ProbeResult].self) { group in
            for _ in 0...ProbeThread.questionsMaximum { group.addTask { await probe.ask(question) } }
            // Only the one too many is answered while no time passes.
            var verdicts = await group.next()?.map(\.verdict) ?? []
            await probe.close()
            for await results in group { verdicts += results.map(\.verdict) }
            return verdicts
        }

        let waiting = ProbeThread.questionsMaximum
        #expect(verdicts.first == .unsent("\(waiting) questions wait already"))
        #expect(verdicts.dropFirst() == Array(repeating: .silent, count: waiting)[...])
    }

    @Test("A new session ends an older one, on the same addresses and port, and its asks")
    func reopen() async throws {
        let clock = TestClock()
        let probe = UDPPathProbe(clock: clock)
        try await probe.open(session([near], [far]))
        let peer = try Loopback.socket(far, port)
        let to = Endpoint(address: near, port: port)
        clock.hold()
        let question = [try target(2, near, far)]
        async let answer = probe.ask(question)
        _ = try await Loopback.receive(peer)

        var next = session([near], [far])
        next.nonce += 1
        try await probe.open(next)

        #expect(await answer.map(\.verdict) == [.silent])
        var newer = request(9)
        newer.nonce += 1
        #expect(peer.send(request(8).encoded(), to: to, mayFragment: false) == .sent)
        #expect(peer.send(newer.encoded(), to: to, mayFragment: false) == .sent)
        let heard = try await Loopback.receive(peer).datagram
        #expect(heard == newer.answer, "the older nonce is not answered")
        await probe.close()
    }

    @Test("A forgotten session ends by itself: its port is free, and its targets are unsent")
    func forgotten() async throws {
        let clock = TestClock()
        let probe = UDPPathProbe(clock: clock)
        try await probe.open(session([near], [far]))
        clock.advance(seconds: ProbeSession.secondsMaximum)

        // The first ask wakes the session, which finds that it is over.
        #expect(await probe.ask([try target(2, near, far)]).allSatisfy { !$0.verdict.isEchoed })
        try await Loopback.wait { (try? Loopback.socket(near, port)) != nil }
        let question = [try target(2, near, far)]
        try await Loopback.wait {
            await probe.ask(question).map(\.verdict) == [.unsent("the probe session has ended")]
        }
        await probe.close()
    }

    @Test("Without a session every target is unsent; closing twice is nothing")
    func noSession() async throws {
        let probe = UDPPathProbe(clock: TestClock())
        let question = [try target(2, near, far)]

        #expect(await probe.ask(question).map(\.verdict) == [.unsent("no probe session is open")])
        try await probe.open(session([near], [far]))
        await probe.close()
        await probe.close()
        #expect(await probe.ask(question).map(\.verdict) == [.unsent("no probe session is open")])
    }

    @Test("A port that is taken, an address that is nobody's and port 0 are refused in words")
    func refusals() async throws {
        let holder = try Loopback.socket(near, port)
        let probe = UDPPathProbe(clock: TestClock())

        let taken = await #expect(throws: ProbeError.self) { try await probe.open(session([near], [])) }
        #expect(taken == ProbeError(operation: "bind \(near):\(port)", message: "Address already in use"))
        let nobodys = try Loopback.address("203.0.113.77")
        await #expect(throws: ProbeError.self) { try await probe.open(session([nobodys], [])) }
        let zero = ProbeSession(nonce: 1, port: 0, own: [near], peers: [])
        await #expect(throws: ProbeError.self) { try await probe.open(zero) }
        withExtendedLifetime(holder) {}
    }
}
