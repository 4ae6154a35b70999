import Fleet
import Testing

@testable import Probe

@Suite("Sizes of a path's datagrams")
struct PathSizesTests {
    /// MTU, family, the greatest payload under ESP, its whole packet.
    static let table: [(mtu: Int, family: Address.Family, payload: Int, packet: Int)] = [
        (1_500, .ipv4, 1_438, 1_500),
        (1_500, .ipv6, 1_418, 1_500),
        (1_499, .ipv4, 1_434, 1_496),
        (1_497, .ipv4, 1_434, 1_496),
        (1_496, .ipv4, 1_434, 1_496),
        (9_000, .ipv4, 8_938, 9_000),
        (9_000, .ipv6, 8_918, 9_000),
        (1_400, .ipv4, 1_338, 1_400),
        (1_280, .ipv6, 1_198, 1_280),
        (65_536, .ipv4, 65_470, 65_532),
        (65_536, .ipv6, 65_450, 65_532),
    ]

    @Test("The full-sized payload fills the MTU under ESP as far as its alignment allows", arguments: table)
    func full(mtu: Int, family: Address.Family, payload: Int, packet: Int) {
        let sizes = PathSizes(mtuBytes: mtu, family: family)

        #expect(sizes.fullPayloadBytes == payload)
        #expect(sizes.fullPacketBytes == packet)
    }

    @Test(
        "For every MTU the full packet fits, and one byte of payload more would not",
        arguments: [Address.Family.ipv4, .ipv6])
    func everyMTU(family: Address.Family) {
        for mtu in 200...10_000 {
            let payload = PathSizes(mtuBytes: mtu, family: family).fullPayloadBytes

            #expect(PathSizes.packetBytes(payloadBytes: payload, family: family) <= mtu)
            #expect(PathSizes.packetBytes(payloadBytes: payload + 1, family: family) > mtu)
        }
    }

    @Test("The oversized payload never fits, and is left out where no packet can be larger than the MTU")
    func oversized() {
        #expect(PathSizes(mtuBytes: 1_500, family: .ipv4).oversizedPayloadBytes == 1_500)
        #expect(PathSizes(mtuBytes: 9_000, family: .ipv6).oversizedPayloadBytes == 9_000)
        #expect(PathSizes(mtuBytes: 65_536, family: .ipv4).oversizedPayloadBytes == nil)
    }

    @Test("However small the MTU, every datagram holds its head")
    func tiny() {
        let sizes = PathSizes(mtuBytes: 68, family: .ipv4)

        #expect(sizes.fullPayloadBytes == PathSizes.smallPayloadBytes)
        #expect(PathSizes.smallPayloadBytes >= ProbeDatagram.headByteCount)
    }
}

@Suite("The MTU of an address")
struct InterfaceMTUTests {
    private func interface(_ address: String, _ netmask: String, _ bytes: Int) throws -> InterfaceMTU {
        InterfaceMTU(address: try #require(Address(address)), netmask: try #require(Address(netmask)), bytes: bytes)
    }

    @Test("It is that of the interface that has the address, else of the narrowest network it lies in, else none")
    func find() throws {
        let interfaces = [
            try interface("127.0.0.1", "255.0.0.0", 65_536),
            try interface("10.77.0.1", "255.255.255.0", 1_500),
            try interface("10.0.0.1", "255.0.0.0", 9_000),
            try interface("10.77.0.7", "255.255.255.255", 1_400),
            try interface("fd77::1", "ffff:ffff:ffff:ffff::", 1_280),
        ]
        let expected = [
            ("10.77.0.1", 1_500), ("10.77.0.7", 1_400), ("10.77.0.9", 1_500), ("10.1.2.3", 9_000),
            ("127.4.5.6", 65_536), ("fd77::1", 1_280), ("fd77::99", 1_280), ("192.0.2.1", nil), ("fd78::1", nil),
        ]

        for (address, bytes) in expected {
            #expect(InterfaceMTU.find(try #require(Address(address)), in: interfaces) == bytes, "\(address)")
        }
    }

    @Test("This host's loopback interface is found with its MTU")
    func loopback() throws {
        let bytes = InterfaceMTU.find(try #require(Address("127.0.0.1")), in: try InterfaceMTU.all())

        #expect(try #require(bytes) >= 1_500)
    }
}
