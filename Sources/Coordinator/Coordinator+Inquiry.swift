public import Fleet
public import Ladder
public import Ports

/// Questions that are no events: they read, and change nothing that an event looks at.
extension Coordinator {
    /// How long a node may take to answer one.
    static let inquiryMilliseconds: UInt64 = 2_000
    /// As many as may wait; further ones are answered as if the node were silent.
    static let inquiriesMaximum = 64
    /// More pages than a node of the largest fleet has.
    private static let pagesMaximum = 64

    /// Where every edge stands now.
    public func edges() async -> FleetEdges {
        FleetEdges(
            nodes: numbers.compactMap { number in roster.nodes[number].map { (number, $0.name) } }, state: current)
    }

    /// The SAs in a node's kernel, read there now; `nil` where it does not answer in time.
    public func associations(of node: NodeNumber) async -> [AssociationPair]? {
        var pairs: [AssociationPair] = []
        for _ in 0..<Self.pagesMaximum {
            guard let page = await page(of: node, from: pairs.count) else { return nil }
            pairs += page.pairs
            if pairs.count >= Int(page.total) || page.pairs.isEmpty { break }
        }
        return pairs
    }

    private func page(of node: NodeNumber, from offset: Int) async -> AssociationPage? {
        guard presence.isPresent(node), inquiries.count < Self.inquiriesMaximum else { return nil }
        inquiryID += 1
        let id = inquiryID
        let patience = Task { [clock] in
            await clock.sleep(until: clock.now().advanced(byMilliseconds: Self.inquiryMilliseconds))
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
