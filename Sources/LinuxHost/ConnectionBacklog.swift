internal import Fleet

/// How many connections the kernel keeps that were made and not accepted yet: net.core.somaxconn (listen(2)).
///
/// After a restart of the coordinator a whole fleet connects at once. Nodes without a place come back seconds later.
public enum ConnectionBacklog {
    /// What an operator should know where fewer have a place than may connect at once; `nil` where all have, or the kernel does
    /// not say.
    public static func complaint(connections: Int) -> String? {
        let text = (try? HostFile.read("/proc/sys/net/core/somaxconn")) ?? nil
        return complaint(connections: connections, kernel: text ?? [])
    }

    static func complaint(connections: Int, kernel text: [UInt8]) -> String? {
        let line = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let places = UInt32(plain: line), places < connections else { return nil }
        return
            "net.core.somaxconn is \(places), and \(connections) nodes connect at once after a restart: "
            + "set it to as many at least"
    }
}
