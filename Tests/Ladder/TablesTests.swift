import Fleet
import Testing

/// Held against the standard library's own: the same operations, drawn at random from a seed.
@Suite("Tables by node and lists of offer sets")
struct TablesTests {
    /// A linear congruential generator (Knuth, MMIX): the same numbers in every run.
    private struct Draws: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 16 | state << 48
        }
    }

    @Test("A table is a dictionary by node", arguments: 1...20)
    func table(seed: UInt64) throws {
        var draws = Draws(state: seed)
        var table = NodeTable<Int>()
        var model: [NodeNumber: Int] = [:]
        for value in 0..<300 {
            let node = try #require(NodeNumber(UInt32.random(in: 1...40, using: &draws)))
            switch Int.random(in: 0...5, using: &draws) {
            case 0:
                table[node] = value
                model[node] = value
            case 1:
                table[node] = nil
                model[node] = nil
            case 2: #expect(table.updateValue(value, forKey: node) == model.updateValue(value, forKey: node))
            case 3: #expect(table.removeValue(forKey: node) == model.removeValue(forKey: node))
            case 4:
                table.change(node, default: 7) { $0 += value }
                model[node, default: 7] += value
            default:
                table.change(node) { $0 -= 1 }
                if model[node] != nil { model[node]? -= 1 }
            }
            #expect(table.count == model.count && table.isEmpty == model.isEmpty)
            #expect(table[node] == model[node])
            #expect(table.look(node) { $0 } == model[node])
        }
        #expect(Array(table.keys) == model.keys.sorted())
        #expect(table.map(\.value) == model.sorted { $0.key < $1.key }.map(\.value))
    }

    @Test("Tables are equal by what they hold, not by what they held")
    func equality() {
        var (one, other) = (NodeTable<Int>(), NodeTable<Int>())
        one[1] = 5
        other[9] = 1
        other[1] = 5
        #expect(one != other)
        other[9] = nil
        #expect(one == other && one.hashValue == other.hashValue)
        #expect(NodeSet([3, 1, 3]) == NodeSet([1, 3]) && NodeSet([3, 1]).nodes == [1, 3])
        var set = NodeSet([3, 1, 2])
        set.remove(3)
        #expect(!set.contains(3) && set.contains(1) && set.count == 2 && Set(set.unordered) == [1, 2])
    }

    @Test("A list is an array of generations", arguments: 1...20)
    func list(seed: UInt64) {
        var draws = Draws(state: seed)
        var list = GenerationList()
        var model: [Generation] = []
        for _ in 0..<200 {
            let generation = Generation(UInt64.random(in: 1...5, using: &draws))
            switch Int.random(in: 0...4, using: &draws) {
            case 0, 1:
                list.append(generation)
                model.append(generation)
            case 2:
                list.removeAll { $0 == generation }
                model.removeAll { $0 == generation }
            case 3:
                list = GenerationList((list + [generation]).sorted())
                model = (model + [generation]).sorted()
            default:
                let keeps = Int.random(in: 0...2, using: &draws)
                list = GenerationList(list.prefix(keeps))
                model = Array(model.prefix(keeps))
            }
            #expect(Array(list) == model && list.count == model.count && list.isEmpty == model.isEmpty)
            #expect(list.first == model.first && list.last == model.last)
            // However it came about, a list of the same generations is the same list.
            #expect(list == GenerationList(model) && list.hashValue == GenerationList(model).hashValue)
        }
    }
}
