/// Lets one line through in a while and counts the others, so that no peer can fill a log.
struct LogGate {
    private var opensAt: ContinuousClock.Instant?
    private var heldBack = 0

    /// How many lines were held back since the last one, `nil` where this one is held back as well.
    mutating func pass(at now: ContinuousClock.Instant) -> Int? {
        if let opensAt, now < opensAt {
            heldBack += 1
            return nil
        }
        defer { heldBack = 0 }
        opensAt = now + BusLimits.logInterval
        return heldBack
    }
}
