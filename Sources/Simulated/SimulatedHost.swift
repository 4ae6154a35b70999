public import Ports
internal import Synchronization

/// A machine whose facts a test sets.
public final class SimulatedHost: Host {
    private let present: Mutex<HostFacts>

    public init(_ facts: HostFacts = HostFacts()) { present = Mutex(facts) }

    public func facts() async -> HostFacts { present.withLock { $0 } }

    /// From the next look on, the machine is like this.
    public func change(_ edit: (inout HostFacts) -> Void) { present.withLock { edit(&$0) } }
}
