internal import Fleet
internal import FoundationEssentials

/// Reads single fields into the vocabulary; each failure names its field.
enum WireFields {
    /// What `bytes` is in generated code.
    static func wire(_ bytes: [UInt8]) -> Data { Data(bytes) }

    static func number(_ value: UInt32, _ field: String) throws(WireError) -> NodeNumber {
        guard let number = NodeNumber(value) else { throw .invalid(field: field) }
        return number
    }

    static func bounded(_ value: UInt64, _ maximum: UInt64, _ field: String) throws(WireError) -> UInt64 {
        guard value <= maximum else { throw .invalid(field: field) }
        return value
    }

    static func bytes(_ value: [UInt8], count: Int, _ field: String) throws(WireError) -> [UInt8] {
        guard value.count == count else { throw .invalid(field: field) }
        return value
    }

    static func digest(_ value: [UInt8], _ field: String) throws(WireError) -> Digest {
        guard let digest = Digest(value) else { throw .invalid(field: field) }
        return digest
    }

    /// IPv4 or IPv6 by the count of bytes.
    static func address(_ value: [UInt8], _ field: String) throws(WireError) -> Address {
        let family: Address.Family = value.count == Address.Family.ipv4.byteCount ? .ipv4 : .ipv6
        guard let address = Address(family: family, bytes: value) else { throw .invalid(field: field) }
        return address
    }

    static func rung(_ value: WireRung, _ field: String) throws(WireError) -> Rung {
        switch value {
        case .clear: return .clear
        case .accept: return .accept
        case .send: return .send
        case .enforce: return .enforce
        case .closed: return .closed
        case .unspecified, .UNRECOGNIZED: throw .invalid(field: field)
        }
    }

    static func count(_ count: Int, atMost maximum: Int, _ field: String) throws(WireError) {
        guard count <= maximum else { throw .tooMany(field: field, count: count, maximum: maximum) }
    }

    static func text(_ value: String, atMost maximum: Int, _ field: String) throws(WireError) -> String {
        guard value.utf8.count <= maximum else { throw .invalid(field: field) }
        return value
    }

    /// The longest beginning of a text with at most so many UTF-8 bytes.
    static func cut(_ text: String, to maximum: Int) -> String {
        guard text.utf8.count > maximum else { return text }
        var result = ""
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            guard length <= maximum else { break }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}

extension WireRung {
    init(_ rung: Rung) {
        self =
            switch rung {
            case .clear: .clear
            case .accept: .accept
            case .send: .send
            case .enforce: .enforce
            case .closed: .closed
            }
    }
}

extension WireStamp {
    init(_ stamp: Stamp) {
        self.init()
        generation = stamp.generation.rawValue
        step = stamp.step
    }

    func domain(atMost maximum: UInt64, _ field: String) throws(WireError) -> Stamp {
        Stamp(generation: Generation(try WireFields.bounded(generation, maximum, field)), step: step)
    }
}

extension WireOffer {
    init(_ offer: Offer) {
        self.init()
        id = WireFields.wire(offer.id)
        ephemeralKey = WireFields.wire(offer.ephemeralKey)
        slot = UInt32(offer.slot.rawValue)
    }

    func domain() throws(WireError) -> Offer {
        guard slot <= UInt32(Slot.maximum), let slot = Slot(UInt16(slot)) else { throw .invalid(field: "offer.slot") }
        return Offer(
            id: try WireFields.bytes([UInt8](id), count: Offer.idByteCount, "offer.id"),
            ephemeralKey: try WireFields.bytes([UInt8](ephemeralKey), count: 32, "offer.ephemeral_key"), slot: slot)
    }
}
