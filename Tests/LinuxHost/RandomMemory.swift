import Fleet
import MeshKeys
import Ports

/// Memories of agents, the same for the same seed.
struct RandomMemory {
    /// splitmix64 (Steele, Lea, Flood 2014).
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
            return mixed ^ mixed >> 31
        }
    }

    private var generator: Generator

    init(seed: UInt64) { generator = Generator(state: seed) }

    mutating func memory() -> NodeMemory {
        var memory = NodeMemory(
            epoch: Bool.random(using: &generator) ? Epoch(number()) : nil, generation: Generation(number()),
            machineID: String(repeating: "e0", count: count(17)))
        if let next = slot() { memory.slots = SlotLedger(next: next) }
        for _ in 0..<count(6) {
            let set = Generation(number())
            _ = try? memory.slots.take(for: set, inUse: [])
            if Bool.random(using: &generator) { memory.slots.release(set: set) }
        }
        for _ in 0..<count(6) {
            guard let peer = NodeNumber(.random(in: 1...NodeNumber.maximum, using: &generator)), let slot = slot()
            else {
                continue
            }
            memory.peerSlots.note(Generation(number()), [peer: slot])
        }
        memory.shield = shield()
        return memory
    }

    private mutating func shield() -> Shield {
        var shield = Shield()
        for _ in 0..<count(5) { shield.own.append(address(family())) }
        for _ in 0..<count(5) {
            switch count(3) {
            case 0: shield.bypass.append(.ssh)
            case 1: shield.bypass.append(.neighbourDiscovery)
            default: shield.bypass.append(.bus(address(family()), port: .random(in: 0 ... .max, using: &generator)))
            }
        }
        for _ in 0..<count(6) {
            let family = family()
            shield.pairs.insert(Shield.Pair(own: address(family), peer: address(family)))
        }
        return shield
    }

    /// Less than a maximum.
    private mutating func count(_ maximum: Int) -> Int { .random(in: 0..<maximum, using: &generator) }

    /// Any number, small and greatest ones more often.
    private mutating func number() -> UInt64 {
        switch count(4) {
        case 0: UInt64(count(3))
        case 1: .max - UInt64(count(3))
        default: generator.next()
        }
    }

    private mutating func slot() -> Slot? { Slot(.random(in: 1...Slot.maximum, using: &generator)) }

    private mutating func family() -> Address.Family { Bool.random(using: &generator) ? .ipv4 : .ipv6 }

    /// Many zeros among its bytes, for IPv6 writes them in many ways.
    private mutating func address(_ family: Address.Family) -> Address {
        var bytes: [UInt8] = []
        for _ in 0..<family.byteCount { bytes.append(count(3) == 0 ? .random(in: 0 ... .max, using: &generator) : 0) }
        return Address(family: family, bytes: bytes) ?? .any(family)
    }
}
