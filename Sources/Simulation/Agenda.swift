internal import Fleet

/// What is to happen and when: a heap of moments, ties broken by chance.
struct Agenda {
    /// Names an entry, so that it can be taken off.
    struct ID: Hashable, Sendable {
        fileprivate var rawValue: UInt64
    }

    private struct Entry {
        var moment: Instant
        var tie: UInt64
        var id: ID

        func precedes(_ other: Entry) -> Bool {
            moment != other.moment
                ? moment < other.moment : (tie, id.rawValue) < (other.tie, other.id.rawValue)
        }
    }

    private var heap: [Entry] = []
    private var actions: [ID: () -> Void] = [:]
    private var count: UInt64 = 0

    mutating func makeID() -> ID {
        count += 1
        return ID(rawValue: count)
    }

    mutating func add(_ id: ID, at moment: Instant, tie: UInt64, _ action: @escaping () -> Void) {
        actions[id] = action
        heap.append(Entry(moment: moment, tie: tie, id: id))
        rise(heap.count - 1)
    }

    /// Takes an entry off and answers what it would have done, `nil` where it is done or was never there.
    mutating func remove(_ id: ID) -> (() -> Void)? { actions.removeValue(forKey: id) }

    /// When the next entry is due.
    var next: Instant? {
        mutating get {
            while let first = heap.first, actions[first.id] == nil { removeFirst() }
            return heap.first?.moment
        }
    }

    /// Takes the first entry off.
    mutating func pop() -> (() -> Void)? {
        guard next != nil, let first = heap.first else { return nil }
        removeFirst()
        return actions.removeValue(forKey: first.id)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        sink()
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0, heap[index].precedes(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].precedes(heap[least]) {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
