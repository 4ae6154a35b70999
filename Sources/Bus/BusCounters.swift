/// What a bus dropped since it started.
public struct BusCounters: Hashable, Sendable {
    /// Nothing was dropped.
    public init() {}

    /// Frames that are no message.
    public var badFrames: UInt64 = 0
    /// Messages of a connection that its node had replaced.
    public var lateFrames: UInt64 = 0
    /// Messages that the consumer was too slow for.
    public var droppedEvents: UInt64 = 0
    /// Handshakes with a key that is not enrolled; on an agent, its own that the coordinator refused.
    public var refusedKeys: UInt64 = 0
    /// Messages for a peer that is not connected, or whose queue is full.
    public var undelivered: UInt64 = 0
}
