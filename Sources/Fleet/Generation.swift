/// A number that grows with every plan of a rollout; an agent persists the newest and refuses an older one.
///
/// The way back after a failure is a plan of its own, so it has a generation of its own: its orders outrank
/// whatever a silent node still has in its queue.
public struct Generation: Hashable, Comparable, Sendable, Codable {
    /// Before the first rollout.
    public static let none = Generation(0)

    public let rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var next: Generation { Generation(rawValue + 1) }

    public static func < (left: Generation, right: Generation) -> Bool { left.rawValue < right.rawValue }
}

extension Generation: CustomStringConvertible {
    public var description: String { "\(rawValue)" }
}

/// Changes when a fleet's journal is begun anew, so that generations of two journals are never compared.
public struct Epoch: Hashable, Sendable, Codable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// Where an order stands among all orders of a fleet: later ones outrank earlier ones.
public struct Stamp: Hashable, Comparable, Sendable, Codable {
    public var generation: Generation
    /// Counts the orders of one generation, from 1; 0 stands before all of them.
    public var step: UInt32

    public init(generation: Generation, step: UInt32) {
        self.generation = generation
        self.step = step
    }

    public static let none = Stamp(generation: .none, step: 0)

    public static func < (left: Stamp, right: Stamp) -> Bool {
        (left.generation, left.step) < (right.generation, right.step)
    }
}

extension Stamp: CustomStringConvertible {
    public var description: String { "\(generation).\(step)" }
}
