import Fleet
import Foundation
import Ports
import Testing
import XFRM

@testable import Netlink

private enum KernelSocket {
    /// Whether this kernel has NETLINK_XFRM.
    static let isThere: Bool = {
        do throws(KernelError) {
            _ = try NetlinkSocket()
            return true
        } catch { return false }
    }()
}

/// Requests that change nothing, for no host has such policies: as root they find nothing, else nobody may ask.
@Suite("A socket's answers", .enabled(if: KernelSocket.isThere))
struct NetlinkSocketTests {
    /// Deletions of policies between addresses for documentation (RFC 5737).
    private func deletions(_ count: Int) throws -> [KernelChange] {
        try (0..<count).map { number in
            let source = try #require(Address("192.0.2.1"))
            let destination = try #require(Address("198.51.100.\(number)"))
            return .deletePolicy(PolicyID(direction: .out, selector: .pair(from: source, to: destination)))
        }
    }

    private func errors(
        of changes: [KernelChange], on socket: inout NetlinkSocket
    ) throws(KernelError) -> [(index: Int, error: Acknowledgement)] {
        let first = socket.reserve(changes.count)
        let batch = EncodedBatch(changes[...], first: first, port: socket.port)
        return try socket.transact(batch.bytes, first: first, count: changes.count, operation: "test")
    }

    @Test("Errors come unasked, each with the place of its message")
    func unasked() throws {
        let changes = try deletions(100)
        var socket = try NetlinkSocket()
        let errors = try errors(of: changes, on: &socket)

        #expect(errors.map(\.index) == Array(0..<100))
        #expect(errors.allSatisfy { [ENOENT, EPERM].contains($0.error.code) })
    }

    @Test("Where answers are lost nothing counts as done, and the next request is answered again")
    func lost() throws {
        let changes = try deletions(100)
        // As little as the kernel gives: room for a few answers.
        var socket = try NetlinkSocket(answersByteCount: 1)
        var code: Int32 = 0
        do throws(KernelError) { _ = try errors(of: changes, on: &socket) } catch { code = error.code }

        #expect(code == ENOBUFS)
        let answered = try errors(of: Array(changes[..<1]), on: &socket)
        #expect(answered.map(\.index) == [0])
    }
}
