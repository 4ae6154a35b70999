internal import Fleet
internal import MeshKeys
internal import Ports
internal import XFRM

/// An SA between addresses that nobody has (RFC 5737, RFC 3849).
///
/// Adding one loads the modules, and tells what is lacking.
struct DummyAssociation {
    let id: AssociationID
    /// IPv6 is asked about only where the host has it.
    let isNeeded: Bool

    static var all: [DummyAssociation] {
        [
            DummyAssociation(from: "192.0.2.1", to: "192.0.2.2", isNeeded: true),
            DummyAssociation(from: "2001:db8::1", to: "2001:db8::2", isNeeded: ProcFile.exists("/proc/net/if_inet6")),
        ].compactMap { $0 }
    }

    private init?(from source: String, to destination: String, isNeeded: Bool) {
        guard let source = Address(source), let destination = Address(destination) else { return nil }
        // A fresh SPI as well: one left behind by a process that died must not stand in the way.
        id = AssociationID(
            source: source, destination: destination, spi: SPI(rawValue: .random(in: 0x1_0000...UInt32.max)))
        self.isNeeded = isNeeded
    }

    /// With a key that exists nowhere else and is never used for a packet.
    func addition() -> KernelChange {
        let bytes = (0..<Algorithm.keyByteCount).map { _ in UInt8.random(in: .min ... .max) }
        return .addAssociation(Association(id: id), key: Secret(copying: bytes.span))
    }
}
