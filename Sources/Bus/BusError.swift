public import ZeroMQ

/// Why a bus did not start.
public enum BusError: Error, Hashable, Sendable {
    /// The process may not open as many connections as the fleet needs.
    case descriptors(DescriptorLimit.TooLow)
    /// An endpoint cannot be listened on: taken, not an address of this host, or not `tcp://ADDRESS:PORT`.
    case bind(endpoint: String, reason: String)
    /// An endpoint that is not `tcp://ADDRESS:PORT`.
    case connect(endpoint: String, reason: String)
    case transport(ZeroMQError)
    /// Started before, or closed.
    case notFresh

    /// What libzmq refuses while a bus is opened, as an error of the bus.
    static func transport<Value: ~Copyable>(
        _ body: () throws(ZeroMQError) -> Value
    ) throws(BusError) -> Value {
        do throws(ZeroMQError) {
            return try body()
        } catch {
            throw .transport(error)
        }
    }
}

extension BusError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .descriptors(let error): "\(error)"
        case .bind(let endpoint, let reason): "cannot listen on \(endpoint): \(reason)"
        case .connect(let endpoint, let reason): "cannot connect to \(endpoint): \(reason)"
        case .transport(let error): "the bus cannot start: \(error)"
        case .notFresh: "the bus was started before"
        }
    }
}
