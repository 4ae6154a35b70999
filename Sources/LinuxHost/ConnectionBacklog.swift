/// How many connections the kernel keeps that were made and not accepted yet: net.core.somaxconn (listen(2)).
///
/// After a restart of the coordinator a whole fleet connects at once. Nodes without a place come back seconds later.
public enum ConnectionBacklog {
    static let setting = "net.core.somaxconn"

    /// What an operator should know where fewer have a place than may connect at once; `nil` where all have, or the kernel does
    /// not say.
    public static func complaint(connections: Int) -> String? {
        let text = (try? HostFile.read("/proc/sys/net/core/somaxconn")) ?? nil
        return complaint(connections: connections, kernel: text ?? [])
    }

    static func complaint(connections: Int, kernel text: [UInt8]) -> String? {
        let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let places = Int(String(decoding: digits, as: UTF8.self)), places < connections else { return nil }
        return
            "\(setting) is \(places), and \(connections) nodes connect at once after a restart: set it to as many at least"
    }
}
