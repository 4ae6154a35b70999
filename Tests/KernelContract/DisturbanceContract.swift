import Fleet
import Ports
import Simulated
import Testing
import XFRM

/// A kernel, and somebody else who changes the same state.
struct SharedKernel: Sendable {
    let kernel: any Kernel
    /// The other's changes; a deletion of what is not there is done.
    let change: @Sendable (KernelChange) async throws -> Void

    init(kernel: any Kernel, other: any Kernel) {
        self.kernel = kernel
        change = { try await other.expectDone([$0]) }
    }

    init(simulated kernel: SimulatedKernel) {
        self.kernel = kernel
        change = { change in
            switch change {
            case .addAssociation(let association, _): await kernel.put(association)
            case .addPolicy(let policy), .updatePolicy(let policy): await kernel.put(policy)
            case .deleteAssociation(let id): await kernel.remove(id)
            case .deletePolicy(let id): await kernel.remove(id)
            }
        }
    }
}

/// What every kernel must tell of others' changes, and must not tell of its own.
///
/// A kernel that goes tells first what came before, and ends: so whether it was disturbed is known without waiting for
/// a time.
struct DisturbanceContract: Sendable, CustomTestStringConvertible {
    typealias Making = @Sendable () async throws -> SharedKernel

    let testDescription: String
    let check: @Sendable (Making) async throws -> Void

    init(_ title: String, _ check: @escaping @Sendable (Making) async throws -> Void) {
        testDescription = title
        self.check = check
    }

    /// How many disturbances wait when all was done and the kernel is gone.
    static func count(_ making: Making, after body: (SharedKernel) async throws -> Void) async throws -> Int {
        let disturbances = try await use(making, body)
        var count = 0
        for await _ in disturbances { count += 1 }
        return count
    }

    /// The kernel goes at the end of this function.
    private static func use(
        _ making: Making, _ body: (SharedKernel) async throws -> Void
    ) async throws -> AsyncStream<Void> {
        let shared = try await making()
        try await body(shared)
        return shared.kernel.disturbances
    }

    /// What holds with and without ESP.
    static let policies: [DisturbanceContract] = [
        DisturbanceContract("Own changes, refused ones and looking do not disturb") { making in
            let count = try await count(making) { shared in
                let kernel = shared.kernel
                var policy = Sample.out
                var impossible = Sample.out
                impossible.action = .other
                try await kernel.expectDone(Sample.policies.map { .addPolicy($0) })
                policy.action = .protect(Template(spi: nil))
                try await kernel.expectDone([.updatePolicy(policy)])
                _ = try await kernel.apply([.addPolicy(impossible)])
                _ = try await kernel.support()
                _ = try await kernel.snapshot()
                try await kernel.expectDone(Sample.policies.map { .deletePolicy($0.id) })
            }
            #expect(count == 0)
        },
        DisturbanceContract("Another's policy disturbs") { making in
            let count = try await count(making) { try await $0.change(.addPolicy(Sample.out)) }
            #expect(count == 1)
        },
        DisturbanceContract("Another who replaces a policy of ours disturbs") { making in
            let count = try await count(making) { shared in
                try await shared.kernel.expectDone([.addPolicy(Sample.out)])
                var policy = Sample.out
                policy.action = .block
                try await shared.change(.updatePolicy(policy))
            }
            #expect(count == 1)
        },
        DisturbanceContract("Another who deletes a policy of ours disturbs, and one who deletes nothing does not") {
            making in
            let count = try await count(making) { shared in
                try await shared.kernel.expectDone([.addPolicy(Sample.out)])
                try await shared.change(.deletePolicy(Sample.out.id))
            }
            #expect(count == 1)
            let none = try await Self.count(making) { try await $0.change(.deletePolicy(Sample.in.id)) }
            #expect(none == 0)
        },
        DisturbanceContract("Changes that nobody has read of are told together") { making in
            let count = try await count(making) { shared in
                for policy in Sample.policies { try await shared.change(.addPolicy(policy)) }
            }
            // One more where the kernel still tells of the last ones while the first are read.
            #expect((1..<Sample.policies.count).contains(count))
        },
        DisturbanceContract("Who waits is told at each change, and finds it in the snapshot") { making in
            let shared = try await making()
            var disturbances = shared.kernel.disturbances.makeAsyncIterator()
            for policy in [Sample.out, Sample.in, Sample.forward] {
                try await shared.change(.addPolicy(policy))
                #expect(await disturbances.next() != nil)
                #expect(try await shared.kernel.snapshot().policies.contains(policy))
                try await shared.kernel.expectDone([.deletePolicy(policy.id)])
            }
        },
    ]

    /// What holds with ESP only.
    static let associations: [DisturbanceContract] = [
        DisturbanceContract("Own SAs do not disturb") { making in
            let count = try await count(making) { shared in
                try await shared.kernel.go(to: .enforce)
                try await shared.kernel.go(to: .clear)
                #expect(try await shared.kernel.support().lacking == nil)
            }
            #expect(count == 0)
        },
        DisturbanceContract("Another's SA disturbs") { making in
            let count = try await count(making) { try await $0.change(.add(Sample.inbound)) }
            #expect(count == 1)
        },
        DisturbanceContract("Another who deletes an SA of ours disturbs") { making in
            let count = try await count(making) { shared in
                try await shared.kernel.expectDone([.add(Sample.inbound)])
                try await shared.change(.deleteAssociation(Sample.inbound.id))
            }
            #expect(count == 1)
        },
    ]
}
