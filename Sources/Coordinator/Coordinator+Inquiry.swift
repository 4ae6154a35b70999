public import Fleet
public import Ladder
public import Ports

/// Questions that are no events: they read, and change nothing that an event looks at.
extension Coordinator {
    /// How long a node may take to tell all of its SAs.
    static let inquiryMilliseconds: UInt64 = 2_000
    /// More pages than a node of the largest fleet has.
    private static let pagesMaximum = 64

    /// Where every edge stands now.
    public func edges() async -> FleetEdges {
        FleetEdges(
            nodes: numbers.compactMap { number in roster.nodes[number].map { .init(number: number, name: $0.name) } },
            state: current)
    }

    /// The SAs in a node's kernel, read there now; `nil` where it does not answer in time.
    ///
    /// A node is asked once at a time, however many want to know: its agent has orders to carry out.
    public func associations(of node: NodeNumber) async -> [AssociationPair]? {
        if let reading = readings[node] { return await reading.value }
        let reading = Task { await self.read(node) }
        readings[node] = reading
        let pairs = await reading.value
        readings[node] = nil
        return pairs
    }

    private func read(_ node: NodeNumber) async -> [AssociationPair]? {
        guard presence.isPresent(node) else { return nil }
        let deadline = clock.now().advanced(byMilliseconds: Self.inquiryMilliseconds)
        var pairs: [AssociationPair] = []
        for _ in 0..<Self.pagesMaximum {
            guard let page = await page(of: node, from: pairs.count, until: deadline) else { return nil }
            pairs += page.pairs
            if pairs.count >= Int(page.total) || page.pairs.isEmpty { break }
        }
        return pairs
    }

    private func page(of node: NodeNumber, from offset: Int, until deadline: Instant) async -> AssociationPage? {
        inquiryID += 1
        let id = inquiryID
        let patience = Task { [clock] in
            await clock.sleep(until: deadline)
            take(nil, of: id)
        }
        defer { patience.cancel() }
        return await withCheckedContinuation { answer in
            inquiries[id] = (node, answer)
            Task { [bus] in
                await bus.send([Delivery(.inquiry(Inquiry(id: id, offset: UInt32(clamping: offset))), to: [node])])
            }
        }
    }

    /// An answer came; only that of the node that was asked counts.
    func take(_ page: AssociationPage, from node: NodeNumber) {
        if inquiries[page.id]?.node == node { take(page, of: page.id) }
    }

    private func take(_ page: AssociationPage?, of id: UInt64) {
        inquiries.removeValue(forKey: id)?.answer.resume(returning: page)
    }
}
