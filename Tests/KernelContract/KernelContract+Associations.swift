import Fleet
import MeshKeys
import Ports
import Testing
import XFRM

extension KernelContract {
    /// What holds with ESP only.
    static let associations: [KernelContract] = [
        KernelContract("A kernel with ESP says that it lacks nothing, and keeps no trace of having been asked") {
            kernel async throws in
            #expect(try await kernel.support().lacking == nil)
            #expect(try await kernel.support().lacking == nil)
            #expect(try await kernel.snapshot() == Snapshot())
        },
        KernelContract("SAs are read back as they were written, whatever the family and the window") {
            kernel async throws in
            var associations: [Association] = []
            for (pair, window) in zip(Sample.pairs + Sample.pairs, [0, 64, 1_024, 4_096] as [UInt32]) {
                for id in [
                    AssociationID(source: pair.peer, destination: pair.own, spi: SPI(rawValue: 0x1_0000 + window)),
                    AssociationID(source: pair.own, destination: pair.peer, spi: SPI(rawValue: 0x2_0000 + window)),
                ] { associations.append(Association(id: id, replayWindow: window)) }
            }
            try await kernel.expectDone(associations.map { .add($0) })

            let read = try await kernel.snapshot().associations
            #expect(Set(read.map(\.association)) == Set(associations))
            #expect(read.allSatisfy { $0.packets == 0 && $0.bytes == 0 })
        },
        KernelContract("Single SAs are read back by their ids among hundreds; what is not there is left out") {
            kernel async throws in
            let associations = (0..<300).map { number in
                let peer = Sample.address([10, 80, UInt8(number >> 8), UInt8(number & 255)])
                return Association(id: AssociationID(source: Sample.own, destination: peer, spi: Sample.outboundSPI))
            }
            try await kernel.expectDone(associations.map { .add($0) } + [.addPolicy(Sample.in)])
            try await kernel.expectDone([.deleteAssociation(associations[7].id)])

            let read = try await kernel.snapshot(of: associations.map { .association($0.id) } + [.policy(Sample.in.id)])

            #expect(read.associations.map(\.association) == associations.filter { $0 != associations[7] })
            #expect(read.policies == [Sample.in])
        },
        KernelContract("An SA is never made twice, nor two with one destination and SPI") { kernel async throws in
            var other = Association(
                id: AssociationID(
                    source: Sample.address([10, 77, 0, 9]), destination: Sample.own, spi: Sample.inboundSPI))
            other.reqid = 1
            let refusals = try await kernel.apply([.add(Sample.inbound), .add(Sample.inbound), .add(other)])

            #expect(refusals.map(\.index) == [1, 2])
            #expect(refusals.map(\.error.code) == [17, 17])
            #expect(refusals.map(\.error.operation) == ["XFRM_MSG_NEWSA", "XFRM_MSG_NEWSA"])
            #expect(try await kernel.snapshot().associations.map(\.association) == [Sample.inbound])
        },
        KernelContract("A key of another length is refused, and so is a foreign SA's shape") { kernel async throws in
            var foreign = Sample.inbound
            foreign.shape = .other
            let refusals = try await kernel.apply([.add(Sample.inbound, keyByteCount: 20), .add(foreign)])

            #expect(refusals.map(\.error.code) == [22, 22])
            #expect(try await kernel.snapshot() == Snapshot())
        },
        KernelContract("Two families of one edge climb and descend by plan, and read as the rung they stand on") {
            kernel async throws in
            for rung in [Rung.accept, .send, .enforce, .send, .accept] {
                try await kernel.go(to: rung)
                #expect(try await kernel.reading() == [rung, rung])
            }
            try await kernel.go(to: .clear)
            #expect(try await kernel.snapshot() == Snapshot())
        },
        KernelContract("A closed edge gets SAs on trial, enforces by plan, and closes again without any") {
            kernel async throws in
            try await kernel.go(to: .closed, .old)
            try await kernel.go(to: .closed, .only)
            #expect(try await kernel.reading() == [.closed, .closed])
            #expect(try await kernel.sending() == ([nil], [Sample.outboundSPI]))
            try await kernel.go(to: .enforce)
            #expect(try await kernel.reading() == [.enforce, .enforce])
            #expect(try await kernel.sending() == ([Sample.outboundSPI], [nil]))
            try await kernel.go(to: .closed, .old)
            #expect(try await kernel.reading() == [.closed, .closed])
            #expect(try await kernel.snapshot().associations == [])
        },
        KernelContract("Keys are changed by plan, and back, and the edge enforces throughout") { kernel async throws in
            func next(sending: SPI) -> [AddressPair] {
                Sample.pairs(inbound: Sample.nextInboundSPI, outbound: Sample.nextOutboundSPI, sending: sending)
            }
            let early = next(sending: Sample.outboundSPI)
            let late = next(sending: Sample.nextOutboundSPI)
            try await kernel.go(to: .enforce)
            for keys in [KeyUse.held, .used, .held, .old, .held, .used, .only] {
                let isSent = keys == .used || keys == .only
                try await kernel.go(to: .enforce, keys, isSent ? late : early)
                #expect(try await kernel.reading() == [.enforce, .enforce])
                let (pinned, trial) = try await kernel.sending()
                #expect(pinned == [isSent ? Sample.nextOutboundSPI : Sample.outboundSPI])
                #expect(trial == [keys == .held ? Sample.nextOutboundSPI : nil])
            }
            let left = try await kernel.snapshot().associations.map(\.association.id.spi)
            #expect(left.count == 4 && Set(left) == [Sample.nextInboundSPI, Sample.nextOutboundSPI])
        },
        KernelContract("A foreign SA survives the whole ladder") { kernel async throws in
            let id = AssociationID(
                source: Sample.peer, destination: Sample.own, spi: SPI(rawValue: 0x7777_7777))
            let foreign = Association(id: id, reqid: 4)
            try await kernel.expectDone([.add(foreign)])
            for rung in [Rung.accept, .send, .enforce] { try await kernel.go(to: rung) }
            try await kernel.go(to: .closed, .old)
            try await kernel.go(to: .clear)

            #expect(try await kernel.snapshot().associations.map(\.association) == [foreign])
        },
        KernelContract("A batch of thousands of SAs is one batch") { kernel async throws in
            let associations = (0..<1_500).map { number in
                let peer = Sample.address([10, 80, UInt8(number >> 8), UInt8(number & 255)])
                return Association(id: AssociationID(source: Sample.own, destination: peer, spi: Sample.outboundSPI))
            }
            try await kernel.expectDone(associations.map { .add($0) })
            #expect(Set(try await kernel.snapshot().associations.map(\.association)) == Set(associations))
            try await kernel.expectDone(associations.map { .deleteAssociation($0.id) })
            #expect(try await kernel.snapshot() == Snapshot())
        },
    ]
}
