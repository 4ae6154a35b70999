public import Fleet
public import Ladder
public import Ports
internal import Synchronization

/// The bus of one fleet in memory: messages arrive at once and in order, unless a node is cut off.
public final class SimulatedBus: CoordinatorBus {
    public let events = Mailbox<CoordinatorBusEvent>(maximum: .max)
    private let state = Mutex<State>(State())

    private struct State {
        var agents: [NodeNumber: SimulatedAgentBus] = [:]
        var cutOff: Set<NodeNumber> = []
        var sent: [Delivery] = []
    }

    public init() {}

    /// A node's side, connected at once.
    public func connect(_ node: NodeNumber) -> SimulatedAgentBus {
        let agent = SimulatedAgentBus(node: node, bus: self)
        state.withLock { $0.agents[node] = agent }
        agent.receive(.connected)
        return agent
    }

    /// Messages from and to a node are lost until it is joined again.
    public func cutOff(_ node: NodeNumber) { _ = state.withLock { $0.cutOff.insert(node) } }
    public func joinAgain(_ node: NodeNumber) {
        let agent = state.withLock { state in
            state.cutOff.remove(node)
            return state.agents[node]
        }
        agent?.receive(.connected)
    }

    /// Everything that the coordinator sent, oldest first.
    public var sent: [Delivery] { state.withLock { $0.sent } }

    public func send(_ deliveries: [Delivery]) async {
        for delivery in deliveries {
            let agents = state.withLock { state in
                state.sent.append(delivery)
                return delivery.nodes.filter { !state.cutOff.contains($0) }.compactMap { state.agents[$0] }
            }
            for agent in agents { agent.receive(.message(delivery.message)) }
        }
    }

    /// As if a node's agent had announced another protocol version.
    public func announce(protocolVersion: UInt32, from node: NodeNumber) {
        events.put([.unsupported(protocolVersion: protocolVersion, from: node)])
    }

    /// As if a node's agent had said this, beside what it says itself.
    public func say(_ message: AgentMessage, as node: NodeNumber) { receive(message, from: node) }

    public func close() {
        events.finish()
        for agent in state.withLock({ $0.agents.values }) { agent.close() }
    }

    fileprivate func receive(_ message: AgentMessage, from node: NodeNumber) {
        if state.withLock({ $0.cutOff.contains(node) }) { return }
        events.put([.message(message, from: node)])
    }
}

/// One agent's side of a ``SimulatedBus``.
public final class SimulatedAgentBus: AgentBus {
    public let events: AsyncStream<[AgentBusEvent]>
    private let input: AsyncStream<[AgentBusEvent]>.Continuation
    private let node: NodeNumber
    private let bus: SimulatedBus

    fileprivate init(node: NodeNumber, bus: SimulatedBus) {
        self.node = node
        self.bus = bus
        (events, input) = AsyncStream.makeStream()
    }

    public func send(_ message: AgentMessage) async { bus.receive(message, from: node) }

    fileprivate func receive(_ event: AgentBusEvent) { input.yield([event]) }
    fileprivate func close() { input.finish() }
}
