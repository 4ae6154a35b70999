/// The one source of chance in a simulation: the same seed and stream give the same numbers (SplitMix64).
///
/// Each part of the world draws from a stream of its own, so that one draw more in one part moves nothing in another.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// Which part of the world draws.
    public enum Stream: UInt64, Sendable {
        case scenario, schedule, bus, disk, kernel, faults, calls, traffic, names
    }

    /// 2^64 divided by the golden ratio: the step of SplitMix64.
    private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15
    private var state: UInt64

    public init(seed: UInt64, stream: Stream) {
        state = Self.mix(seed &* Self.step &+ stream.rawValue)
    }

    public mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    /// Whether something happens that happens so many times in a hundred.
    public mutating func chance(percent: UInt64) -> Bool { percent > 0 && next() % 100 < percent }

    public mutating func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
        let (width, isAll) = (range.upperBound - range.lowerBound).addingReportingOverflow(1)
        return isAll ? next() : range.lowerBound + next() % width
    }

    /// A small number, such as of things or of an index.
    public mutating func count(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(draw(0...UInt64(range.upperBound - range.lowerBound)))
    }

    /// One of a list, `nil` where it is empty.
    public mutating func pick<Element>(_ list: [Element]) -> Element? {
        list.isEmpty ? nil : list[count(0...list.count - 1)]
    }

    /// Scatters the bits of a number; equal numbers scatter equally.
    public static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
