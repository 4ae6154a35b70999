internal import Fleet
internal import Simulation

/// How one seed went, as a line that a process writes and another one reads.
struct SeedLine {
    var seed: UInt64
    var fingerprint: UInt64
    var virtualMicroseconds: UInt64
    var realMicroseconds: UInt64
    var stepCount: UInt64
    var packets: UInt64
    var calls: UInt64
    var convergenceMicroseconds: UInt64
    /// The moment and what happened.
    var violation: String?

    init(_ outcome: Simulation.Outcome) {
        seed = outcome.seed
        fingerprint = outcome.fingerprint
        virtualMicroseconds = outcome.virtualMicroseconds
        realMicroseconds = outcome.realMicroseconds
        stepCount = outcome.stepCount
        packets = outcome.packets.sent
        calls = UInt64(outcome.calls)
        convergenceMicroseconds = outcome.convergenceMicroseconds
        violation = outcome.violation.map { "\($0.moment): \($0.sentence)" }
    }

    /// `seed N`, its numbers, and after a colon what went wrong.
    var text: String {
        let numbers = [
            fingerprint, virtualMicroseconds, realMicroseconds, stepCount, packets, calls, convergenceMicroseconds,
        ]
        let fields = zip(Self.names, numbers).map { "\($0) \($1)" }.joined(separator: " ")
        return "seed \(seed) \(fields)" + (violation.map { " violation: \($0)" } ?? "")
    }

    private static let names = ["way", "virtual", "real", "steps", "packets", "calls", "quiet"]

    /// Reads what ``text`` wrote, `nil` for any other line.
    init?(_ text: String) {
        let (head, tail) = Self.parts(text)
        let words = head.split(separator: " ")
        guard words.count == 2 + 2 * Self.names.count, words[0] == "seed", let seed = UInt64(words[1]) else {
            return nil
        }
        var numbers: [UInt64] = []
        for (index, name) in Self.names.enumerated() {
            guard words[2 + 2 * index] == name, let number = UInt64(words[3 + 2 * index]) else { return nil }
            numbers.append(number)
        }
        self.seed = seed
        fingerprint = numbers[0]
        virtualMicroseconds = numbers[1]
        realMicroseconds = numbers[2]
        stepCount = numbers[3]
        packets = numbers[4]
        calls = numbers[5]
        convergenceMicroseconds = numbers[6]
        violation = tail
    }

    private static func parts(_ text: String) -> (head: String, tail: String?) {
        guard let mark = text.firstRange(of: " violation: ") else { return (text, nil) }
        return (String(text[..<mark.lowerBound]), String(text[mark.upperBound...]))
    }
}
