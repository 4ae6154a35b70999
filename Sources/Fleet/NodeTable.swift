/// A value a node: as a dictionary, and without a hash for each look.
///
/// Node numbers are small and given out in turn, so a place for each costs little; the coordinator looks several times a message.
public struct NodeTable<Value> {
    /// Where each node's value stands, by node number; 0 where it has none, else one more than its place.
    @usableFromInline var places: [UInt32] = []
    @usableFromInline var nodes: [NodeNumber] = []
    @usableFromInline var values: [Value] = []

    @inlinable public init() {}

    @inlinable public var count: Int { values.count }
    @inlinable public var isEmpty: Bool { values.isEmpty }

    @inlinable public subscript(node: NodeNumber) -> Value? {
        get { place(node).map { values[$0] } }
        set {
            guard let newValue else { return remove(node) }
            if let place = place(node) { values[place] = newValue } else { add(newValue, of: node) }
        }
    }

    /// Looks at a node's value in its place, `nil` where it has none: a copy of much that is in it would cost more than the look.
    @inlinable public func look<Result>(_ node: NodeNumber, _ body: (Value) -> Result) -> Result? {
        guard let place = place(node) else { return nil }
        return body(values[place])
    }

    /// Changes a node's value in its place; one that has none begins with `initial`.
    @inlinable public mutating func change<Result>(
        _ node: NodeNumber, default initial: @autoclosure () -> Value, _ body: (inout Value) -> Result
    ) -> Result {
        guard let place = place(node) else {
            add(initial(), of: node)
            return body(&values[values.count - 1])
        }
        return body(&values[place])
    }

    /// Changes a node's value in its place, where it has one.
    @inlinable public mutating func change(_ node: NodeNumber, _ body: (inout Value) -> Void) {
        if let place = place(node) { body(&values[place]) }
    }

    /// Answers what was there before.
    @discardableResult @inlinable
    public mutating func updateValue(_ value: Value, forKey node: NodeNumber) -> Value? {
        defer { self[node] = value }
        return self[node]
    }

    /// Answers what was there.
    @discardableResult @inlinable
    public mutating func removeValue(forKey node: NodeNumber) -> Value? {
        defer { remove(node) }
        return self[node]
    }

    /// The nodes that have a value, ascending.
    @inlinable public var keys: [NodeNumber] { nodes.sorted() }

    @inlinable func place(_ node: NodeNumber) -> Int? {
        let number = Int(node.rawValue)
        guard number < places.count, places[number] > 0 else { return nil }
        return Int(places[number]) - 1
    }

    @inlinable mutating func add(_ value: Value, of node: NodeNumber) {
        let number = Int(node.rawValue)
        if number >= places.count { places += repeatElement(0, count: number + 1 - places.count) }
        nodes.append(node)
        values.append(value)
        places[number] = UInt32(values.count)
    }

    /// The last one takes its place.
    @inlinable mutating func remove(_ node: NodeNumber) {
        guard let place = place(node) else { return }
        nodes.swapAt(place, nodes.count - 1)
        values.swapAt(place, values.count - 1)
        places[Int(nodes[place].rawValue)] = UInt32(place + 1)
        places[Int(node.rawValue)] = 0
        nodes.removeLast()
        values.removeLast()
    }
}

extension NodeTable: Sequence {
    /// By node, ascending.
    @inlinable public func makeIterator() -> some IteratorProtocol<(key: NodeNumber, value: Value)> {
        keys.lazy.compactMap { node in self[node].map { (key: node, value: $0) } }.makeIterator()
    }
}

extension NodeTable: Equatable where Value: Equatable {
    @inlinable public static func == (left: NodeTable, right: NodeTable) -> Bool {
        left.count == right.count && left.nodes.allSatisfy { left[$0] == right[$0] }
    }
}

extension NodeTable: Hashable where Value: Hashable {
    @inlinable public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for (node, value) in self {
            hasher.combine(node)
            hasher.combine(value)
        }
    }
}

extension NodeTable: Sendable where Value: Sendable {}

/// A set of nodes, as a ``NodeTable`` is a dictionary.
public struct NodeSet: Hashable, Sendable {
    @usableFromInline var members = NodeTable<Bool>()

    @inlinable public init() {}
    @inlinable public init(_ nodes: some Sequence<NodeNumber>) { for node in nodes { insert(node) } }

    @inlinable public var count: Int { members.count }
    @inlinable public var isEmpty: Bool { members.isEmpty }
    @inlinable public func contains(_ node: NodeNumber) -> Bool { members[node] != nil }
    @inlinable public mutating func insert(_ node: NodeNumber) { members[node] = true }
    @inlinable public mutating func remove(_ node: NodeNumber) { members[node] = nil }
    /// Ascending.
    @inlinable public var nodes: [NodeNumber] { members.keys }
    /// In no order, and not made for it.
    @inlinable public var unordered: [NodeNumber] { members.nodes }
}
