import Testing

@testable import LinuxHost

@Suite("Places for connections")
struct ConnectionBacklogTests {
    private func complaint(_ connections: Int, _ kernel: String) -> String? {
        ConnectionBacklog.complaint(connections: connections, kernel: Array(kernel.utf8))
    }

    @Test("Fewer places than nodes are complained of, with both numbers")
    func few() throws {
        let said = try #require(complaint(10_000, "4096\n"))
        #expect(said.contains("net.core.somaxconn is 4096") && said.contains("10000 nodes"))
    }

    @Test(
        "Enough places, and a kernel that says nothing that can be read, are not",
        arguments: ["4096\n", "", "x\n", "-1\n"])
    func enough(kernel: String) { #expect(complaint(4_096, kernel) == nil) }

    @Test("This kernel says how many it has")
    func thisKernel() { #expect(ConnectionBacklog.complaint(connections: .max) != nil) }
}
