/// The greatest of everything that a frame may carry.
public enum WireLimits {
    /// A roster of 10 000 nodes takes about 1 MB; four times that is room to grow. In bytes.
    public static let coordinatorFrameMaximum = 4 << 20
    /// A report with an exception for each of 10 000 peers takes 150 kB; a coordinator reads one such frame from each
    /// node, so this stays small. In bytes.
    public static let agentFrameMaximum = 512 << 10
    /// Offer sets with SAs of one edge: two while keys are changed, and one more for each change that was interrupted.
    static let setsMaximum = 16
    /// Addresses of removed nodes: as many as anybody would release by hand.
    static let quarantinedMaximum = 4_096
    /// XFRMA_REPLAY_ESN_MAX, in packets.
    static let replayWindowMaximum: UInt32 = 4_096
    /// Addresses of coordinators and relays, and the fixed rules.
    static let bypassesMaximum = 64
    /// Generations and clocks of agents: far beyond any real one, far enough below 2⁶⁴ that counting on never overflows.
    static let agentNumberMaximum: UInt64 = 1 << 61
    /// A probe's round trip, in microseconds: no rollout waits for a minute.
    static let probeMicrosecondsMaximum: UInt64 = 60_000_000
    /// Packets that one SA has sent: a thousand million a second for two years.
    static let packetsMaximum: UInt64 = 1 << 56
    /// Bytes that one SA has carried: what JSON numbers are read back as.
    static let bytesMaximum: UInt64 = 1 << 62
    /// What a coordinator says may lie above what it heard from agents.
    static let coordinatorNumberMaximum: UInt64 = 1 << 62
    /// One hour, in milliseconds.
    static let heartbeatMaximum: UInt32 = 3_600_000
}
