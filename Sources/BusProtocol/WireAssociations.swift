internal import Fleet
internal import Ladder

extension WireInquiry {
    init(_ inquiry: Inquiry) {
        self.init()
        id = inquiry.id
        offset = inquiry.offset
    }
}

extension WireAssociations {
    init(_ page: AssociationPage) {
        self.init()
        id = page.id
        total = page.total
        pairs = page.pairs.prefix(AssociationPage.pairsMaximum).map { WireAssociationPair($0) }
    }

    func domain() throws(WireError) -> AssociationPage {
        try WireFields.count(pairs.count, atMost: AssociationPage.pairsMaximum, "associations.pairs")
        var page = AssociationPage(id: id, total: total, pairs: [])
        for pair in pairs { page.pairs.append(try pair.domain()) }
        return page
    }
}

extension WireAssociationPair {
    init(_ pair: AssociationPair) {
        self.init()
        local = WireFields.wire(pair.local.bytes)
        remote = WireFields.wire(pair.remote.bytes)
        if let flow = pair.inbound { inbound = WireAssociationFlow(flow) }
        if let flow = pair.outbound { outbound = WireAssociationFlow(flow) }
        isSending = pair.isSending
    }

    func domain() throws(WireError) -> AssociationPair {
        AssociationPair(
            local: try WireFields.address([UInt8](local), "associations.pairs.local"),
            remote: try WireFields.address([UInt8](remote), "associations.pairs.remote"),
            inbound: hasInbound ? try inbound.domain() : nil, outbound: hasOutbound ? try outbound.domain() : nil,
            isSending: isSending)
    }
}

extension WireAssociationFlow {
    init(_ flow: AssociationPair.Flow) {
        self.init()
        spi = flow.spi.rawValue
        bytes = min(flow.bytes, WireLimits.bytesMaximum)
        packets = min(flow.packets, WireLimits.packetsMaximum)
    }

    func domain() throws(WireError) -> AssociationPair.Flow {
        AssociationPair.Flow(
            spi: SPI(rawValue: spi), bytes: try WireFields.bounded(bytes, WireLimits.bytesMaximum, "flow.bytes"),
            packets: try WireFields.bounded(packets, WireLimits.packetsMaximum, "flow.packets"))
    }
}
