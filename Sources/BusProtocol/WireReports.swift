internal import Fleet
internal import Ladder

extension WireHello {
    init(_ hello: Hello) {
        self.init()
        bootID = WireFields.wire(hello.bootID)
        incarnation = hello.incarnation
        if let value = hello.epoch { epoch = value.rawValue }
        newest = hello.newest.rawValue
        if let value = hello.roster { roster = WireRosterVersion(value) }
    }

    func domain(version: UInt32) throws(WireError) -> Hello {
        Hello(
            protocolVersion: version, bootID: try WireFields.bytes([UInt8](bootID), count: 16, "hello.boot_id"),
            incarnation: incarnation, epoch: hasEpoch ? Epoch(epoch) : nil,
            newest: Generation(try WireFields.bounded(newest, WireLimits.agentNumberMaximum, "hello.newest")),
            roster: hasRoster ? try roster.domain("hello.roster") : nil)
    }
}

extension WireRefusal {
    init(_ refusal: Refusal) {
        self.init()
        cause = Cause(refusal.cause)
        if let number = refusal.peer { peer = number.rawValue }
        message = WireFields.cut(refusal.message, to: Refusal.messageLengthMaximum)
    }

    func domain() throws(WireError) -> Refusal {
        Refusal(
            cause: try cause.domain(), peer: hasPeer ? try WireFields.number(peer, "refusal.peer") : nil,
            message: try WireFields.text(message, atMost: Refusal.messageLengthMaximum, "refusal.message"))
    }
}

extension WireRefusal.Cause {
    init(_ cause: Refusal.Cause) {
        self =
            switch cause {
            case .unsupported: .unsupported
            case .foreign: .foreign
            case .kernel: .kernel
            case .order: .order
            case .keys: .keys
            case .host: .host
            case .path: .path
            case .forbidden: .forbidden
            }
    }

    func domain() throws(WireError) -> Refusal.Cause {
        switch self {
        case .unsupported: return .unsupported
        case .foreign: return .foreign
        case .kernel: return .kernel
        case .order: return .order
        case .keys: return .keys
        case .host: return .host
        case .path: return .path
        case .forbidden: return .forbidden
        case .unspecified, .UNRECOGNIZED: throw .invalid(field: "refusal.cause")
        }
    }
}

extension WireReport {
    init(_ report: Report) {
        self.init()
        answering = WireStamp(report.answering)
        sequence = report.sequence
        if let value = report.standing { standing = WireStanding(value) }
        if let value = report.offer { offer = WireOffer(value) }
        if let value = report.probeMicroseconds {
            probeMicroseconds = min(value, WireLimits.probeMicrosecondsMaximum)
        }
        verdict =
            switch report.verdict {
            case .done: .done(WireEmpty())
            case .refused(let refusals): .refused(WireRefusals(refusals))
            case .missing(.roster): .missing(.roster)
            case .missing(.offers): .missing(.offers)
            case .stale(let newest): .stale(WireStamp(newest))
            case .conflict: .conflict(WireEmpty())
            case .expired: .expired(WireEmpty())
            }
    }

    func domain() throws(WireError) -> Report {
        guard hasAnswering else { throw .missing(field: "report.answering") }
        return Report(
            answering: try answering.domain(atMost: WireLimits.coordinatorNumberMaximum, "report.answering"),
            sequence: sequence, verdict: try domainVerdict(), standing: hasStanding ? try standing.domain() : nil,
            offer: hasOffer ? try offer.domain() : nil,
            probeMicroseconds: hasProbeMicroseconds
                ? try WireFields.bounded(probeMicroseconds, WireLimits.probeMicrosecondsMaximum, "report.probe") : nil)
    }

    private func domainVerdict() throws(WireError) -> Report.Verdict {
        switch verdict {
        case .done: return .done
        case .refused(let wire): return .refused(try wire.domain())
        case .missing(.roster): return .missing(.roster)
        case .missing(.offers): return .missing(.offers)
        case .missing(.unspecified), .missing(.UNRECOGNIZED): throw .invalid(field: "report.missing")
        case .stale(let stamp):
            return .stale(newest: try stamp.domain(atMost: WireLimits.agentNumberMaximum, "report.stale"))
        case .conflict: return .conflict
        case .expired: return .expired
        case nil: throw .missing(field: "report.verdict")
        }
    }
}

extension WireRefusals {
    /// The first refusals, as many as a report may carry.
    init(_ list: [Refusal]) {
        self.init()
        refusals = list.prefix(Refusal.perReportMaximum).map { WireRefusal($0) }
    }

    func domain() throws(WireError) -> [Refusal] {
        try WireFields.count(refusals.count, atMost: Refusal.perReportMaximum, "report.refusals")
        var list: [Refusal] = []
        for refusal in refusals { list.append(try refusal.domain()) }
        return list
    }
}

extension WireNodeHeartbeat {
    init(_ heartbeat: NodeHeartbeat) {
        self.init()
        sequence = heartbeat.sequence
        accepted = WireStamp(heartbeat.accepted)
        if let value = heartbeat.standing { standing = WireStanding(value) }
        packets = min(heartbeat.packets, WireLimits.packetsMaximum)
        if let offer = heartbeat.spare { spare = WireOffer(offer) }
        problems = heartbeat.problems.prefix(NodeHeartbeat.problemsMaximum).map {
            WireFields.cut($0, to: Refusal.messageLengthMaximum)
        }
    }

    func domain() throws(WireError) -> NodeHeartbeat {
        guard hasAccepted else { throw .missing(field: "heartbeat.accepted") }
        try WireFields.count(problems.count, atMost: NodeHeartbeat.problemsMaximum, "heartbeat.problems")
        var texts: [String] = []
        for problem in problems {
            texts.append(try WireFields.text(problem, atMost: Refusal.messageLengthMaximum, "heartbeat.problems"))
        }
        return NodeHeartbeat(
            sequence: sequence,
            accepted: try accepted.domain(atMost: WireLimits.coordinatorNumberMaximum, "heartbeat.accepted"),
            standing: hasStanding ? try standing.domain() : nil,
            packets: try WireFields.bounded(packets, WireLimits.packetsMaximum, "heartbeat.packets"), problems: texts,
            spare: hasSpare ? try spare.domain() : nil)
    }
}
