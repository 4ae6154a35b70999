internal import CLinux

/// The process's limit on open files, of which every connection takes one.
///
/// Checked at start, for libzmq stops accepting without a word when it is reached.
public enum DescriptorLimit {
    /// Files, sockets and pipes of the process besides its connections.
    public static let reserve: UInt64 = 128

    /// Too few for the fleet.
    public struct TooLow: Error, Hashable, Sendable, CustomStringConvertible {
        public var connections: Int
        public var limit: UInt64

        public init(connections: Int, limit: UInt64) {
            self.connections = connections
            self.limit = limit
        }

        public var description: String {
            "the limit on open files is \(limit), and \(connections) connections need "
                + "\(UInt64(connections) + DescriptorLimit.reserve): raise it (LimitNOFILE= in the unit, or ulimit -Hn)"
        }
    }

    /// Raises the soft limit to the hard one, and throws where that is too low for so many connections.
    public static func raise(forConnections connections: Int) throws(TooLow) {
        precondition(connections >= 0, "a count")
        let limit = testudo_raise_descriptor_limit()
        guard limit >= UInt64(connections) + reserve else { throw TooLow(connections: connections, limit: limit) }
    }
}
