import Fleet
import Ports
import Testing
import XFRM

@testable import Netlink

@Suite("The real kernel's events", .enabled(if: RealKernel.hasNamespaces), .timeLimit(.minutes(1)))
struct RealDisturbanceTests {
    private static let pair = ["src", "10.77.0.1/32", "dst", "10.77.0.2/32", "dir", "out"]

    private static func policies(_ count: Int) -> [Policy] {
        (0..<count).map { number in
            var policy = Sample.out
            let peer = Sample.address([10, 80, UInt8(number >> 8), UInt8(number & 255)])
            policy.id.selector.destination = .host(peer)
            return policy
        }
    }

    @Test("A policy that ip adds, deletes or flushes disturbs")
    func ipDisturbs() async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.kernel()
            var disturbances = kernel.disturbances.makeAsyncIterator()

            try namespace.ip(["xfrm", "policy", "add"] + Self.pair)
            #expect(await disturbances.next() != nil)
            try namespace.ip(["xfrm", "policy", "delete"] + Self.pair)
            #expect(await disturbances.next() != nil)
            try await kernel.expectDone([.addPolicy(Sample.out)])
            try namespace.ip("xfrm", "policy", "flush")
            #expect(await disturbances.next() != nil)
            #expect(try await kernel.snapshot() == Snapshot())
        }
    }

    @Test("An SA that ip adds, deletes or flushes disturbs", .enabled(if: RealKernel.hasESP))
    func ipDisturbsAssociations() async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.kernel()
            var disturbances = kernel.disturbances.makeAsyncIterator()
            let id = ["src", "10.77.0.1", "dst", "10.77.0.2", "proto", "esp", "spi", "0x101"]
            let key = "0x" + String(repeating: "5a", count: 36)

            try namespace.ip(["xfrm", "state", "add"] + id + ["aead", "rfc4106(gcm(aes))", key, "128"])
            #expect(await disturbances.next() != nil)
            try namespace.ip(["xfrm", "state", "delete"] + id)
            #expect(await disturbances.next() != nil)
            try await kernel.expectDone([.add(Sample.inbound)])
            try namespace.ip("xfrm", "state", "flush")
            #expect(await disturbances.next() != nil)
            #expect(try await kernel.snapshot() == Snapshot())
        }
    }

    @Test("A policy that expires disturbs")
    func expiry() async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.kernel()
            var disturbances = kernel.disturbances.makeAsyncIterator()

            try namespace.ip(["xfrm", "policy", "add"] + Self.pair + ["limit", "time-hard", "1"])
            #expect(await disturbances.next() != nil)
            #expect(await disturbances.next() != nil)
            #expect(try await kernel.snapshot() == Snapshot())
        }
    }

    @Test("What happens in another namespace does not disturb")
    func otherNamespace() async throws {
        try await Namespace.with { ours in
            try await Namespace.with { theirs in
                let making = { @Sendable in
                    SharedKernel(kernel: try await ours.kernel(), other: try await theirs.kernel())
                }
                let count = try await DisturbanceContract.count(making) {
                    try await $0.change(.addPolicy(Sample.out))
                }
                #expect(count == 0)
            }
        }
    }

    @Test("More events than the kernel keeps are lost and reported, once a flood")
    func overrun() async throws {
        try await Namespace.with { namespace in
            let other = try await namespace.kernel()
            let socket = try await namespace.inside { try SmallEventSocket() }

            for _ in 1...2 {
                try await other.expectDone(Self.policies(300).map { .addPolicy($0) })
                let flood = try socket.drain()
                #expect(flood.isOverrun)
                #expect((1..<300).contains(flood.events))
                #expect(try socket.drain().isNothing)
                try await other.expectDone(Self.policies(300).map { .deletePolicy($0.id) })
                #expect(try socket.drain().isOverrun)
            }
        }
    }

    @Test("Who takes a snapshot at each disturbance ends with the truth, however many events were lost")
    func flood() async throws {
        try await Namespace.with { namespace in
            let kernel = try await namespace.inside {
                try XFRMKernel(eventBufferByteCount: SmallEventSocket.bufferByteCount)
            }
            let other = try await namespace.kernel()
            let policies = Self.policies(2_500)
            async let flood: Void = other.expectDone(policies.map { .addPolicy($0) })

            var seen = 0
            for await _ in kernel.disturbances {
                seen = try await kernel.snapshot().policies.count
                if seen == policies.count { break }
            }
            try await flood
            #expect(seen == policies.count)
        }
    }
}

/// An event socket that holds hardly an event.
private final class SmallEventSocket: Sendable {
    /// The kernel raises it to its own minimum of some 2 kB.
    static let bufferByteCount: Int32 = 1

    private let socket: EventSocket

    init() throws(KernelError) { socket = try EventSocket(ignoring: 0, bufferByteCount: Self.bufferByteCount) }

    func drain() throws(KernelError) -> EventSocket.Heard { try socket.drain() }
}
