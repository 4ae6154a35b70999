public import Fleet
public import Ladder

/// The coordinator's side of the bus. A node is who its key says it is; nothing else can speak for it.
public protocol CoordinatorBus: Sendable {
    /// Sends each message to its nodes, encoded once. A node that is not connected is passed over: orders are asked again.
    func send(_ deliveries: [Delivery]) async
    /// What came in. One consumer; it is finished when the bus is closed.
    var events: Mailbox<CoordinatorBusEvent> { get }
}

/// One message for some nodes.
public struct Delivery: Hashable, Sendable {
    public var message: CoordinatorMessage
    public var nodes: [NodeNumber]

    public init(_ message: CoordinatorMessage, to nodes: [NodeNumber]) {
        self.message = message
        self.nodes = nodes
    }
}

public enum CoordinatorBusEvent: Hashable, Sendable {
    case message(AgentMessage, from: NodeNumber)
    /// A message of a protocol version that this build does not speak, announced by an enrolled node.
    case unsupported(protocolVersion: UInt32, from: NodeNumber)
}

/// An agent's side of the bus.
public protocol AgentBus: Sendable {
    func send(_ message: AgentMessage) async
    /// Batches of what came in. One consumer; ends when the bus is closed.
    var events: AsyncStream<[AgentBusEvent]> { get }
}

public enum AgentBusEvent: Hashable, Sendable {
    case message(CoordinatorMessage)
    /// A connection was made (again): say hello.
    case connected
    /// The connection is gone; the bus tries again by itself.
    case disconnected
}
