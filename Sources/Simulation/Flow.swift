public import Fleet

/// How long packets of the modelled network are on their way.
public struct PathDelay: Hashable, Sendable {
    public var microseconds: ClosedRange<UInt64>

    public init(microseconds: ClosedRange<UInt64>) { self.microseconds = microseconds }

    /// One packet in so many takes the longest way: those are the ones that a drain is for.
    private static let slowestOneIn: UInt64 = 4

    /// The same number takes the same time.
    func delay(of number: UInt64, salt: UInt64) -> UInt64 {
        let chance = SeededGenerator.mix(number ^ salt)
        if chance % Self.slowestOneIn == 0 { return microseconds.upperBound }
        return microseconds.lowerBound + (chance >> 8) % (microseconds.upperBound - microseconds.lowerBound + 1)
    }
}

/// The modelled packets of one direction of one pair in one family: numbered, sent at a fixed period.
///
/// Between two changes of either kernel all packets fare alike, so they are not sent one by one: whenever something is
/// about to change, the flow is brought up to that moment. Only packets that are on their way then are kept.
public struct Flow: Sendable {
    /// A packet that did not arrive though nothing excused it.
    public struct Loss: Hashable, Sendable {
        public var number: UInt64
        public var form: PacketForm
        public var sent: Instant
        /// When the receiver refused it, or the sender's kernel dropped it.
        public var lost: Instant
    }

    /// What became of the packets.
    public struct Count: Hashable, Sendable {
        public var sent: UInt64 = 0
        public var delivered: UInt64 = 0
        /// Not delivered while a node was down, its network cut, or its kernel had lost its state.
        public var excused: UInt64 = 0
    }

    private struct Packet {
        var number: UInt64
        var form: PacketForm
        var sent: Instant
        var arrival: Instant
        var isExcused: Bool
    }

    private let periodMicroseconds: UInt64
    private let offsetMicroseconds: UInt64
    private let path: PathDelay
    private let salt: UInt64
    /// The number of the next packet.
    private var next: UInt64 = 0
    private var airborne: [Packet] = []
    public private(set) var count = Count()

    public init(periodMicroseconds: UInt64, offsetMicroseconds: UInt64, path: PathDelay, salt: UInt64) {
        precondition(periodMicroseconds > 0, "packets follow one another")
        self.periodMicroseconds = periodMicroseconds
        self.offsetMicroseconds = offsetMicroseconds
        self.path = path
        self.salt = salt
    }

    /// Brings the flow up to a moment, during which neither side has changed.
    ///
    /// - Parameter isExcused: whether packets may be lost meanwhile.
    /// - Returns: the first packet that was lost without excuse.
    public mutating func advance(
        to now: Instant, from sender: PairSide, to receiver: PairSide, isExcused: Bool
    ) -> Loss? {
        var loss = land(until: now, on: receiver, isExcused: isExcused)
        let form = sender.form
        // Sent and arrived before now whatever their delay: they fare like the first of them.
        let sure = number(before: now.microseconds - min(now.microseconds, path.microseconds.upperBound))
        if next < sure {
            let first = packet(next, form, isExcused)
            let ends = judge(first, on: receiver, isExcused: isExcused, count: sure - next)
            loss = loss ?? ends
            count.sent += sure - next
            next = sure
        }
        let end = number(before: now.microseconds)
        while next < end {
            let fresh = packet(next, form, isExcused)
            count.sent += 1
            next += 1
            if fresh.arrival < now || form == .unsent {
                let ends = judge(fresh, on: receiver, isExcused: isExcused, count: 1)
                loss = loss ?? ends
            } else {
                airborne.append(fresh)
            }
        }
        return loss
    }

    /// How many packets were sent before a moment.
    private func number(before microseconds: UInt64) -> UInt64 {
        microseconds <= offsetMicroseconds ? 0 : (microseconds - offsetMicroseconds - 1) / periodMicroseconds + 1
    }

    private func packet(_ number: UInt64, _ form: PacketForm, _ isExcused: Bool) -> Packet {
        let sent = offsetMicroseconds + number * periodMicroseconds
        return Packet(
            number: number, form: form, sent: Instant(microseconds: sent),
            arrival: Instant(microseconds: sent + path.delay(of: number, salt: salt)), isExcused: isExcused)
    }

    /// Those on their way that arrive before now.
    private mutating func land(until now: Instant, on receiver: PairSide, isExcused: Bool) -> Loss? {
        guard airborne.contains(where: { $0.arrival < now }) else { return nil }
        var loss: Loss?
        let landing = airborne.filter { $0.arrival < now }
        airborne.removeAll { $0.arrival < now }
        for packet in landing {
            let ends = judge(packet, on: receiver, isExcused: isExcused, count: 1)
            loss = loss ?? ends
        }
        return loss
    }

    private mutating func judge(
        _ packet: Packet, on receiver: PairSide, isExcused: Bool, count amount: UInt64
    ) -> Loss? {
        if receiver.takes(packet.form) {
            count.delivered += amount
            return nil
        }
        if isExcused || packet.isExcused {
            count.excused += amount
            return nil
        }
        let lost = packet.form == .unsent ? packet.sent : packet.arrival
        return Loss(number: packet.number, form: packet.form, sent: packet.sent, lost: lost)
    }
}
