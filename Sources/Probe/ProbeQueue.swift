/// First in, first out: what has been taken is dropped in bulk, so that taking costs no shift.
struct ProbeQueue<Element: Hashable & Sendable>: Hashable, Sendable {
    /// Below this many taken ones, dropping them is not worth its copy.
    private static var takenMinimum: Int { 64 }

    private var elements: [Element] = []
    private var taken = 0

    var first: Element? { taken < elements.count ? elements[taken] : nil }
    var isEmpty: Bool { first == nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func takeFirst() -> Element? {
        guard let first else { return nil }
        taken += 1
        if taken >= Self.takenMinimum, taken * 2 >= elements.count {
            elements.removeFirst(taken)
            taken = 0
        }
        return first
    }
}
