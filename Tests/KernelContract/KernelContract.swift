import Fleet
import MeshKeys
import Ports
import Testing
import XFRM

/// What every kernel must do, said once and asked of the simulated and of the real one.
///
/// Each case gets a kernel that holds nothing.
struct KernelContract: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (any Kernel) async throws -> Void

    init(_ title: String, _ check: @escaping @Sendable (any Kernel) async throws -> Void) {
        testDescription = title
        self.check = check
    }
}

extension KernelContract {
    /// What holds with and without ESP.
    static let policies: [KernelContract] = [
        KernelContract("Policies are read back as they were written") { kernel async throws in
            let policies = Sample.policies
            try await kernel.expectDone(policies.map { .addPolicy($0) })

            #expect(Set(try await kernel.snapshot().policies) == Set(policies))
        },
        KernelContract("Single policies are read back by their ids, whoever's they are; what is not there is left out")
        {
            kernel async throws in
            let policies = Sample.policies
            try await kernel.expectDone(policies.map { .addPolicy($0) })
            let named = [policies[0], policies[3], policies[5]]
            let absent = Sample.policy(.out, Sample.own, Sample.address([10, 77, 0, 99])).id

            let read = try await kernel.snapshot(of: (named.map(\.id) + [absent]).map { .policy($0) })

            #expect(Set(read.policies) == Set(named))
            #expect(read.associations == [])
            #expect(try await kernel.snapshot(of: []) == Snapshot())
            #expect(Set(try await kernel.snapshot(of: policies.map { .policy($0.id) }).policies) == Set(policies))
        },
        KernelContract("A policy of ours that is there already is done, and one with another content becomes the new") {
            kernel async throws in
            var policy = Sample.out
            try await kernel.expectDone([.addPolicy(policy), .addPolicy(policy)])
            policy.action = .protect(Template(spi: SPI(rawValue: 0x0099_0001)))
            try await kernel.expectDone([.addPolicy(policy)])

            #expect(try await kernel.snapshot().policies == [policy])
        },
        KernelContract("A foreign policy is never replaced: the refusal says which it is") { kernel async throws in
            var foreign = Sample.out
            foreign.priority = 1
            try await kernel.expectDone([.addPolicy(foreign)])
            let refusals = try await kernel.apply([.addPolicy(Sample.in), .addPolicy(Sample.out)])

            #expect(refusals.map(\.index) == [1])
            let error = try #require(refusals.first?.error)
            #expect(error.code == 17)
            #expect(error.operation == "XFRM_MSG_NEWPOLICY")
            #expect(
                error.message == "File exists: out policy 10.77.0.1/32 → 10.77.0.2/32 exists and is not ours")
            #expect(Set(try await kernel.snapshot().policies) == [foreign, Sample.in])
        },
        KernelContract("An update puts the new content there in one step") { kernel async throws in
            var policy = Sample.out
            try await kernel.expectDone([.addPolicy(policy)])
            policy.action = .protect(Template(spi: nil))
            try await kernel.expectDone([.updatePolicy(policy)])

            #expect(try await kernel.snapshot().policies == [policy])
        },
        KernelContract("What is not there is deleted already") { kernel async throws in
            try await kernel.expectDone([.deletePolicy(Sample.out.id), .deleteAssociation(Sample.inbound.id)])
        },
        KernelContract("A refused change does not stop the following ones, and the refusal has its index") {
            kernel async throws in
            var impossible = Sample.out
            impossible.action = .other
            let refusals = try await kernel.apply([
                .addPolicy(Sample.in), .addPolicy(impossible), .addPolicy(Sample.forward),
            ])

            #expect(refusals.map(\.index) == [1])
            #expect(refusals.first?.error.code == 22)
            #expect(Set(try await kernel.snapshot().policies) == [Sample.in, Sample.forward])
        },
        KernelContract("A batch of thousands is one batch, and so is its end") { kernel async throws in
            let policies = (0..<2_500).map { number in
                var policy = Sample.out
                let peer = Sample.address([10, 80, UInt8(number >> 8), UInt8(number & 255)])
                policy.id.selector.destination = .host(peer)
                return policy
            }
            try await kernel.expectDone(policies.map { .addPolicy($0) })
            #expect(Set(try await kernel.snapshot().policies) == Set(policies))
            try await kernel.expectDone(policies.map { .addPolicy($0) })
            try await kernel.expectDone(policies.map { .deletePolicy($0.id) })
            #expect(try await kernel.snapshot() == Snapshot())
        },
        KernelContract("Nothing to do is done") { kernel async throws in
            try await kernel.expectDone([])
            #expect(try await kernel.snapshot() == Snapshot())
        },
        KernelContract("An edge closes and opens by plan, and reads so: its out policies send with the SPI of no SA") {
            kernel async throws in
            try await kernel.go(to: .closed, .old)
            #expect(try await kernel.reading() == [.closed, .closed])
            let out = try await kernel.snapshot().policies.filter { $0.id.direction == .out }
            #expect(out.map(\.action) == [.protect(Template(spi: .nothing)), .protect(Template(spi: .nothing))])
            try await kernel.go(to: .clear)
            #expect(try await kernel.snapshot() == Snapshot())
        },
    ]

    /// What holds without ESP.
    static let unsupported: [KernelContract] = [
        KernelContract("A kernel without ESP says so in its own words, refuses the SA and takes the policy") {
            kernel async throws in
            let lacking = try #require(try await kernel.support().lacking)
            let refusals = try await kernel.apply([.add(Sample.inbound), .addPolicy(Sample.in)])

            #expect(!lacking.isEmpty)
            #expect(refusals.map(\.index) == [0])
            #expect(refusals.first?.error.message == lacking)
            #expect(try await kernel.snapshot() == Snapshot(policies: [Sample.in]))
        }
    ]
}

/// Objects between two nodes, seen from the first.
enum Sample {
    static let own = address([10, 77, 0, 1])
    static let peer = address([10, 77, 0, 2])
    static let own6 = address([0xfd, 0x77] + [UInt8](repeating: 0, count: 13) + [1])
    static let peer6 = address([0xfd, 0x77] + [UInt8](repeating: 0, count: 13) + [2])
    static let inboundSPI = SPI(rawValue: 0x0010_0002)
    static let outboundSPI = SPI(rawValue: 0x0020_0001)
    /// Of another set.
    static let nextInboundSPI = SPI(rawValue: 0x0030_0002)
    static let nextOutboundSPI = SPI(rawValue: 0x0040_0001)
    static let pairs = pairs(inbound: inboundSPI, outbound: outboundSPI, sending: outboundSPI)
    static let trial = trial(own, peer, outboundSPI)
    static let inbound = Association(id: AssociationID(source: peer, destination: own, spi: inboundSPI))
    static let out = policy(.out, own, peer, outboundSPI)
    static let `in` = policy(.in, peer, own)
    static let forward = policy(.forward, peer, own)

    static var policies: [Policy] {
        var block = policy(.out, own, address([10, 77, 0, 3]))
        block.action = .block
        block.priority = 5
        var optional = policy(.in, address([10, 77, 0, 3]), own)
        optional.action = .protect(Template(reqid: 8, isOptional: true))
        guard let name = NodeName("a") else { return [] }
        let node = Node(number: 1, name: name, addresses: [own, own6], identityKey: [])
        return [
            out, `in`, forward, block, optional, policy(.out, own6, peer6, outboundSPI), policy(.in, peer6, own6),
            policy(.forward, peer6, own6), policy(.out, own, address([10, 77, 0, 4]), .nothing),
        ] + trial + trial(own6, peer6, outboundSPI)
            + BypassPolicies.policies(for: [.bus(peer, port: 7740), .ssh, .neighbourDiscovery], own: node)
    }

    static func policy(_ direction: Direction, _ source: Address, _ destination: Address, _ spi: SPI? = nil) -> Policy {
        Policy(
            id: PolicyID(direction: direction, selector: .pair(from: source, to: destination)),
            priority: Ownership.pairPriority, action: .protect(Template(spi: spi)))
    }

    /// The policies for probes: UDP from port to port.
    static func trial(_ own: Address, _ peer: Address, _ spi: SPI) -> [Policy] {
        [policy(.in, peer, own), policy(.out, own, peer, spi)].map { pair in
            var policy = pair
            policy.id.selector.protocolNumber = 17
            policy.id.selector.sourcePort = .exactly(Roster.defaultProbePort)
            policy.id.selector.destinationPort = .exactly(Roster.defaultProbePort)
            policy.priority = Ownership.trialPriority
            return policy
        }
    }

    /// Both families, with the same SPIs.
    static func pairs(inbound: SPI, outbound: SPI, sending: SPI) -> [AddressPair] {
        [(own, peer), (own6, peer6)].map { own, peer in
            AddressPair(own: own, peer: peer, inbound: inbound, outbound: outbound, sending: sending)
        }
    }

    static func address(_ bytes: [UInt8]) -> Address {
        guard let address = Address(family: bytes.count == 4 ? .ipv4 : .ipv6, bytes: bytes) else {
            preconditionFailure("an address has 4 or 16 bytes")
        }
        return address
    }
}

extension KernelChange {
    /// With a fresh key.
    static func add(_ association: Association, keyByteCount: Int = Algorithm.keyByteCount) -> KernelChange {
        let bytes = (0..<keyByteCount).map { _ in UInt8.random(in: .min ... .max) }
        return .addAssociation(association, key: Secret(copying: bytes.span))
    }

    init(_ change: Change) {
        switch change {
        case .addAssociation(let association): self = .add(association)
        case .deleteAssociation(let id): self = .deleteAssociation(id)
        case .addPolicy(let policy): self = .addPolicy(policy)
        case .updatePolicy(let policy): self = .updatePolicy(policy)
        case .deletePolicy(let id): self = .deletePolicy(id)
        }
    }
}

extension Kernel {
    func expectDone(_ changes: [KernelChange], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let refusals = try await apply(changes)
        #expect(refusals == [], sourceLocation: sourceLocation)
    }

    /// Takes the sample edge to a place by plan; SAs of the set that the pairs name are made where they are missing.
    func go(
        to rung: Rung, _ keys: KeyUse = .only, _ pairs: [AddressPair] = Sample.pairs,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let wants = [EdgeWant(peer: 2, pairs: pairs, rung: rung, keys: keys, makesAssociations: true)]
        let changes = Plan.changes(have: try await snapshot(), wants: wants, bypass: [])
        try await expectDone(changes.map { KernelChange($0) }, sourceLocation: sourceLocation)
    }

    /// Where the sample edge stands: low and high.
    func reading() async throws -> [Rung] {
        let reading = EdgeReading.read(try await snapshot(), pairs: Sample.pairs)
        return [reading.low, reading.high]
    }

    /// What each family of the sample edge is sent with, and what is on trial.
    func sending() async throws -> (pinned: Set<SPI?>, trial: Set<SPI?>) {
        let pairs = EdgeReading.read(try await snapshot(), pairs: Sample.pairs).pairs
        return (Set(pairs.map(\.pinned)), Set(pairs.map(\.trial)))
    }
}
