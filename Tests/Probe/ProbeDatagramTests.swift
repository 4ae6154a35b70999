import Fleet
import Ports
import Testing

@testable import Probe

@Suite("Probe datagrams")
struct ProbeDatagramTests {
    private let request = ProbeDatagram(
        kind: .request, size: .full, sequence: 0x0102_0304, nonce: 0x1122_3344_5566_7788, byteCount: 1_438)

    @Test("A datagram stands in the payload as the table says, filled with zeros to its length")
    func layout() {
        let bytes = request.encoded()

        #expect(bytes.count == 1_438)
        #expect(Array(bytes[..<8]) == Array("testudo".utf8) + [1])
        #expect(Array(bytes[8..<12]) == [1, 2, 0, 0])
        #expect(Array(bytes[12..<24]) == [1, 2, 3, 4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88])
        #expect(bytes[24...].allSatisfy { $0 == 0 })
    }

    @Test("What was written is read back", arguments: ProbeSize.allCases)
    func readBack(size: ProbeSize) {
        for count in [ProbeDatagram.headByteCount, 32, 1_418, 65_470] {
            let datagram = ProbeDatagram(kind: .echo, size: size, sequence: .max, nonce: .max, byteCount: count)

            #expect(ProbeDatagram(datagram.encoded().span) == datagram)
        }
    }

    @Test("An answer is an echo of the same length, size, sequence and nonce; an echo has none")
    func answer() {
        var echo = request
        echo.kind = .echo

        #expect(request.answer == echo)
        #expect(echo.answer == nil)
    }

    @Test("Neither a short payload nor one with another byte before the sequence is ours")
    func foreign() {
        let bytes = request.encoded()
        for count in 0..<ProbeDatagram.headByteCount {
            #expect(ProbeDatagram(Array(bytes[..<count]).span) == nil)
        }
        for index in 0..<12 {
            var changed = bytes
            changed[index] = 0xff
            #expect(ProbeDatagram(changed.span) == nil, "byte \(index)")
        }
    }

    @Test("A session admits its nonce from its peers' addresses and its port, and nothing else")
    func admits() throws {
        let peer = try #require(Address("10.77.0.2"))
        let stranger = try #require(Address("10.77.0.3"))
        let session = ProbeSession(nonce: request.nonce, port: 7_741, own: [], peers: [peer])
        var other = request
        other.nonce += 1

        #expect(session.admits(request, from: Endpoint(address: peer, port: 7_741)))
        #expect(!session.admits(request, from: Endpoint(address: peer, port: 7_742)))
        #expect(!session.admits(request, from: Endpoint(address: stranger, port: 7_741)))
        #expect(!session.admits(other, from: Endpoint(address: peer, port: 7_741)))
    }
}

@Suite("Socket addresses")
struct EndpointTests {
    @Test("An endpoint's bytes are those of the kernel's struct, and are read back")
    func bytes() throws {
        let four = Endpoint(address: try #require(Address("10.77.0.2")), port: 7_741)
        let six = Endpoint(address: try #require(Address("fd77::2")), port: 7_741)

        #expect(four.socketAddress.count == 16)
        #expect(Array(four.socketAddress[2..<8]) == [0x1e, 0x3d, 10, 77, 0, 2])
        #expect(six.socketAddress.count == 28)
        #expect(Array(six.socketAddress[2..<8]) == [0x1e, 0x3d, 0, 0, 0, 0])
        #expect(Array(six.socketAddress[8..<24]) == six.address.bytes)
        #expect(Endpoint(socketAddress: four.socketAddress) == four)
        #expect(Endpoint(socketAddress: six.socketAddress) == six)
    }

    @Test("Another family, or a short struct, is no endpoint")
    func foreign() throws {
        let six = Endpoint(address: try #require(Address("fd77::2")), port: 1)

        #expect(Endpoint(socketAddress: []) == nil)
        #expect(Endpoint(socketAddress: Array(six.socketAddress[..<20])) == nil)
        #expect(Endpoint(socketAddress: [UInt8](repeating: 0, count: 28)) == nil)
    }
}
