public import Fleet
public import Ladder
public import Ports

/// The code that a simulation runs: how a process of each kind is started over its ports. The one seam between the
/// world and the actors.
public protocol Programs: Sendable {
    /// The agent of one host. Returns when it ends by itself; it is started again then.
    func runAgent(_ seat: AgentSeat) async
    /// The coordinator. Hands its control out once it can be called.
    func runCoordinator(_ seat: CoordinatorSeat) async
}

/// What one agent process is given.
public struct AgentSeat: Sendable {
    public let number: NodeNumber
    /// 32 bytes, the private half of the node's identity key.
    public let identity: [UInt8]
    /// 16 bytes; another one after a reboot.
    public let bootID: [UInt8]
    public let incarnation: UInt64
    public let bus: any AgentBus
    public let kernel: any Kernel
    public let record: any NodeRecord
    public let probe: any PathProbe
    public let host: any Host
    public let clock: any MonotonicClock
    public let checkpoint: Checkpoint
    public let flaws: Flaws
    /// Takes a line for the transcript, `nil` where none is kept.
    public let tell: (@Sendable (String) -> Void)?
}

/// What one coordinator process is given.
public struct CoordinatorSeat: Sendable {
    /// One host as the operator's configuration has it.
    public struct Member: Sendable {
        public let name: NodeName
        public let addresses: [Address]
        /// The private half: the program makes the public one of it.
        public let identity: [UInt8]
    }

    public let members: [Member]
    public let bypass: [Bypass]
    public let limits: RolloutLimits
    public let bus: any CoordinatorBus
    public let journal: any Journal
    public let clock: any MonotonicClock
    /// Draws from the seed.
    public let random: @Sendable () -> UInt64
    public let checkpoint: Checkpoint
    /// The coordinator can be called from now on.
    public let ready: @Sendable (any FleetControl) -> Void
    /// Takes a line for the transcript, `nil` where none is kept.
    public let tell: (@Sendable (String) -> Void)?
}
