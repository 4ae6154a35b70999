internal import BusProtocol
internal import ZeroMQ

/// The greatest of everything on the bus, and its times.
public enum BusLimits {
    /// Messages that are handed on together: a turn of the loop ends after so many, so that sends are not held up.
    static let batchMaximum = 256
    /// Messages that wait for the coordinator: several of each node of a fleet of 10 000, some 20 MB. Further ones are dropped
    /// and counted, for every message is asked for or said again.
    static let coordinatorMessagesMaximum = 65_536
    /// Batches that wait for an agent. One that is further behind has stalled; the newest are dropped and counted then.
    static let agentBatchesMaximum = 1_024
    /// Messages that wait for one peer, each way. A rollout has a handful under way with a node; beyond, they are dropped.
    static let peerQueueMaximum: Int32 = 256
    /// What CURVE adds to a frame (RFC 26: command name 8, nonce 8, box 16, flags 1), which libzmq counts as well; in bytes.
    static let curveOverhead = 33
    /// Places for connections that are not accepted yet: a fleet of 10 000 connects at once after a restart, with room; the
    /// kernel's net.core.somaxconn bounds it further. Without a place a connection is tried again after 1, 3 and 7 s, or hangs
    /// until its handshake is given up.
    static let backlog: Int32 = 16_384
    /// One line of a kind of fault in so much time; the line counts what it left out.
    static let logInterval = Duration.seconds(10)

    /// Connections of hosts that are gone end within 25 s. The kernels ask and answer: heartbeats of libzmq wait behind
    /// handshakes while a fleet connects, so that peers that are well are cut off, and each answer costs libzmq a walk
    /// through the timers of all connections.
    static let keepAlive = SocketOption.keepAlive(idleSeconds: 10, intervalSeconds: 5, count: 3)
    /// For as many handshakes as a fleet of 10 000 does at once, with room.
    static let handshakeTimeoutMilliseconds: Int32 = 20_000

    /// The first wait before an agent connects again; each draws its own, and libzmq adds as much again at random.
    static let reconnectMilliseconds: ClosedRange<Int32> = 100...400
    /// Ten thousand agents that ask every 2 to 4 seconds are well below what a coordinator accepts.
    static let reconnectMaximumMilliseconds: Int32 = 2_000
    static let connectTimeoutMilliseconds: Int32 = 5_000
    /// How long an agent goes without a connection, or after it was refused, before it begins with a new socket: libzmq
    /// gives some failures up for good, and such an agent would stay deaf.
    static let renewMilliseconds: ClosedRange<Int> = 3_000...6_000
    /// A connection attempt that is under way may take this long before the socket is renewed under it.
    static let deafMilliseconds = 30_000
}
