internal import BusProtocol
internal import Synchronization
internal import ZeroMQ

/// One attempt of an agent to stay connected.
struct AgentSockets: ~Copyable {
    // Closed in this order, after the monitor was stopped.
    let dealer: ZeroMQSocket
    let monitor: SocketMonitor

    /// A monitor's name is taken until libzmq has closed it, so each has its own.
    private static let attempts = Atomic<UInt64>(0)

    /// Begins to connect.
    init(
        endpoint: String, server: CurvePublicKey, key: CurveKeyPair, in context: ZeroMQContext
    ) throws(ZeroMQError) {
        let dealer = try AgentDealer.socket(server: server, key: key, in: context)
        let monitor = try dealer.monitor(
            name: "\(Self.attempts.add(1, ordering: .relaxed).newValue)", in: context)
        do throws(ZeroMQError) {
            try dealer.connect(endpoint)
        } catch {
            dealer.stopMonitor()
            throw error
        }
        self.dealer = dealer
        self.monitor = monitor
    }

    deinit { dealer.stopMonitor() }

    func wait(_ wake: WakeDescriptor, milliseconds: Int?) throws(ZeroMQError) -> (dealer: Bool, monitor: Bool) {
        let ready = try wake.wait(for: dealer, monitor.socket, milliseconds: milliseconds)
        return (ready.first, ready.second)
    }

    /// Sends where a coordinator is connected; never waits and keeps nothing.
    func send(_ frame: [UInt8]) throws(ZeroMQError) -> SendResult {
        guard try dealer.isWritable() else { return .full }
        return try dealer.send([frame])
    }
}
