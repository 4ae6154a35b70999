internal import Fleet

/// The offers that nodes hold ready: a set made of them need not ask for any.
struct Spares {
    private(set) var offers: [NodeNumber: Offer] = [:]
    /// The id of each node's newest offer that a set has named: the node may speak of it as spare once more.
    private var spent: [NodeNumber: [UInt8]] = [:]
    private var newest: [NodeNumber: UInt64] = [:]

    /// A node said what it holds ready; who was asked for an offer holds none any more.
    ///
    /// - Parameter sequence: of the report or heartbeat; an older word than the newest known changes nothing.
    mutating func note(_ offer: Offer?, of node: NodeNumber, sequence: UInt64) {
        guard sequence > newest[node, default: 0] else { return }
        newest[node] = sequence
        offers[node] = offer.flatMap { $0.id == spent[node] ? nil : $0 }
    }

    /// These offers are that set's from now on.
    mutating func spend(_ set: OfferSet) {
        for (node, offer) in set.offers {
            spent[node] = offer.id
            if offers[node]?.id == offer.id { offers[node] = nil }
        }
    }

    /// Each connection has an offer of its own.
    mutating func forget(_ node: NodeNumber) {
        offers[node] = nil
        spent[node] = nil
        newest[node] = nil
    }
}
