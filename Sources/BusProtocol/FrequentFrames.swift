internal import Fleet
internal import Ladder

/// Nearly all that travels while a fleet is toggled: orders that treat all edges alike, and reports that one was done.
///
/// They are read and written without the library's messages in between, which cost more than all else that is done with
/// them. `nil` is no error: whatever is not exactly one of these, or out of range, is the library's to read, to write or to
/// refuse. The bytes are the same.
enum FrequentFrames {
    static func report(_ frame: [UInt8]) -> Report? {
        guard var body = payload(frame, 3) else { return nil }
        guard body.enters(1, .block), let answering = stamp(&body), let sequence = body.number(2),
            body.enters(3, .block), let done = body.block(), done.isAtEnd
        else { return nil }
        var report = Report(answering: answering, sequence: sequence, verdict: .done, standing: nil)
        if body.enters(9, .block) {
            guard var standing = body.block(), standing.enters(1, .block), let common = edgeState(&standing),
                standing.isAtEnd
            else { return nil }
            report.standing = Standing(common: common)
        }
        if body.enters(10, .block) {
            guard let offer = offer(&body) else { return nil }
            report.offer = offer
        }
        if body.enters(11, .varint) {
            guard let probe = body.varint(), probe <= WireLimits.probeMicrosecondsMaximum else { return nil }
            report.probeMicroseconds = probe
        }
        return body.isAtEnd ? report : nil
    }

    static func encode(_ report: Report) -> [UInt8]? {
        guard report.verdict == .done, report.standing?.exceptions.isEmpty ?? true else { return nil }
        var writer = FieldWriter()
        writer.number(1, UInt64(protocolVersion))
        writer.message(3) { body in
            body.message(1) { stamp in
                stamp.number(1, report.answering.generation.rawValue)
                stamp.number(2, UInt64(report.answering.step))
            }
            body.number(2, report.sequence)
            body.message(3) { _ in }
            if let standing = report.standing {
                body.message(9) { $0.message(1) { write(standing.common, &$0) } }
            }
            if let offer = report.offer {
                body.message(10) { wire in
                    if !offer.id.isEmpty { wire.block(1, offer.id) }
                    if !offer.ephemeralKey.isEmpty { wire.block(2, offer.ephemeralKey) }
                    wire.number(3, UInt64(offer.slot.rawValue))
                }
            }
            if let probe = report.probeMicroseconds {
                // Optional: it is there also where it is 0.
                writeProbe(min(probe, WireLimits.probeMicrosecondsMaximum), &body)
            }
        }
        return writer.bytes
    }

    static func order(_ frame: [UInt8]) -> Order? {
        guard var body = payload(frame, 10), let epoch = body.number(1), body.enters(2, .block),
            let stamp = stamp(&body), let rollout = body.number(3), body.enters(4, .block),
            var roster = body.block(), let sequence = roster.number(1), let digest = digest(&roster), roster.isAtEnd
        else { return nil }
        var task = taskBefore(&body)
        guard let expiry = body.number(9, atMost: WireLimits.coordinatorNumberMaximum) else { return nil }
        if task == nil { task = probe(&body) }
        guard let task, body.isAtEnd else { return nil }
        return Order(
            epoch: Epoch(epoch), stamp: stamp, rollout: rollout,
            roster: RosterVersion(sequence: sequence, digest: digest), task: task,
            expiry: Instant(microseconds: expiry))
    }

    /// What is in an envelope of our own version whose payload is this field.
    private static func payload(_ frame: [UInt8], _ field: UInt8) -> FieldReader? {
        var envelope = FieldReader(frame)
        guard envelope.enters(1, .varint), envelope.varint() == UInt64(protocolVersion),
            envelope.enters(field, .block), let body = envelope.block(), envelope.isAtEnd
        else { return nil }
        return body
    }

    private static func stamp(_ reader: inout FieldReader) -> Stamp? {
        guard var stamp = reader.block(),
            let generation = stamp.number(1, atMost: WireLimits.coordinatorNumberMaximum),
            let step = stamp.number(2, atMost: UInt64(UInt32.max)), stamp.isAtEnd
        else { return nil }
        return Stamp(generation: Generation(generation), step: UInt32(step))
    }

    private static func digest(_ reader: inout FieldReader) -> Digest? {
        reader.enters(2, .block) ? reader.bytes(count: Digest.byteCount).flatMap { Digest($0) } : nil
    }

    private static func offer(_ reader: inout FieldReader) -> Offer? {
        guard var wire = reader.block(), wire.enters(1, .block), let id = wire.bytes(count: Offer.idByteCount),
            wire.enters(2, .block), let key = wire.bytes(count: 32),
            let slot = wire.number(3, atMost: UInt64(Slot.maximum)).flatMap({ Slot(UInt16($0)) }), wire.isAtEnd
        else { return nil }
        return Offer(id: id, ephemeralKey: key, slot: slot)
    }

    private static func edgeState(_ reader: inout FieldReader) -> EdgeState? {
        guard var state = reader.block(), let low = rung(&state, 1), let high = rung(&state, 2),
            let holds = sets(&state, 4), let sends = sets(&state, 5), let parts = sets(&state, 6), state.isAtEnd
        else { return nil }
        return EdgeState(low: low, high: high, holds: holds, sends: sends, parts: parts)
    }

    private static func write(_ state: EdgeState, _ writer: inout FieldWriter) {
        writer.number(1, UInt64(state.low.rawValue) + 1)
        writer.number(2, UInt64(state.high.rawValue) + 1)
        for (field, sets) in [(4 as UInt8, state.holds), (5, state.sends), (6, state.parts)] where !sets.isEmpty {
            writer.message(field) { list in for set in sets { list.varint(set.rawValue) } }
        }
    }

    private static func writeProbe(_ microseconds: UInt64, _ writer: inout FieldWriter) {
        if microseconds == 0 { writer.zero(11) } else { writer.number(11, microseconds) }
    }

    /// Numbers on the wire are one above those of the vocabulary: 0 is no rung.
    private static func rung(_ reader: inout FieldReader, _ field: UInt8) -> Rung? {
        guard let number = reader.number(field, atMost: 5), number > 0 else { return nil }
        return Rung(rawValue: UInt8(number - 1))
    }

    private static func sets(_ reader: inout FieldReader, _ field: UInt8) -> GenerationList? {
        guard reader.enters(field, .block) else { return [] }
        guard var list = reader.block() else { return nil }
        var sets = GenerationList()
        while !list.isAtEnd {
            guard sets.count < WireLimits.setsMaximum, let number = list.varint(),
                number <= WireLimits.agentNumberMaximum, sets.last.map({ $0.rawValue < number }) ?? true
            else { return nil }
            sets.append(Generation(number))
        }
        return sets
    }

    /// The tasks whose fields stand before the expiry's.
    private static func taskBefore(_ reader: inout FieldReader) -> Order.Task? {
        for (field, task) in [(5 as UInt8, Order.Task.preflight), (6, .observe), (7, .offer)]
        where reader.enters(field, .block) {
            return reader.block()?.isAtEnd == true ? task : nil
        }
        guard reader.enters(8, .block), var move = reader.block(), move.enters(1, .block), var rule = move.block(),
            rule.enters(4, .block), let base = place(&rule), rule.isAtEnd
        else { return nil }
        if move.isAtEnd { return .move(EdgeRule(base: base), fresh: nil) }
        guard move.enters(3, .block), var fresh = move.block(), fresh.enters(1, .block), var version = fresh.block(),
            let generation = version.number(1, atMost: WireLimits.coordinatorNumberMaximum),
            let digest = digest(&version), version.isAtEnd, let isMade = fresh.number(2, atMost: 1), fresh.isAtEnd,
            move.isAtEnd
        else { return nil }
        let set = OfferSetVersion(generation: Generation(generation), digest: digest)
        return .move(EdgeRule(base: base), fresh: Order.Fresh(set, isMade: isMade == 1))
    }

    private static func place(_ reader: inout FieldReader) -> Place? {
        guard var place = reader.block(), let rung = rung(&place, 1), let use = place.number(2, atMost: 3),
            place.isAtEnd
        else { return nil }
        return Place(rung, [.old, .held, .used, .only][Int(use)])
    }

    private static func probe(_ reader: inout FieldReader) -> Order.Task? {
        guard reader.enters(10, .block), var probe = reader.block(),
            let scope = probe.number(1, atMost: 2).flatMap({ Order.Probe.Scope(rawValue: UInt8($0)) })
        else { return nil }
        var nonce: UInt64 = 0
        if probe.enters(2, .fixed64) {
            guard let number = probe.fixed64() else { return nil }
            nonce = number
        }
        return probe.isAtEnd ? .probe(Order.Probe(scope, nonce: nonce)) : nil
    }
}
