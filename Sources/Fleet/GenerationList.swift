/// The offer sets of an edge, by their generations.
///
/// Mostly it is one, which needs no memory of its own: three such lists of a node are compared with each report.
public struct GenerationList: Hashable, Sendable {
    private enum Content: Hashable {
        case none
        case one(Generation)
        /// Two or more.
        case several([Generation])
    }

    private var content = Content.none

    public init() {}

    public init(_ generation: Generation) { content = .one(generation) }

    /// In this order.
    public init(_ generations: some Sequence<Generation>) { self.init(array: Array(generations)) }

    private init(array: [Generation]) {
        content =
            switch array.count {
            case 0: .none
            case 1: .one(array[0])
            default: .several(array)
            }
    }

    private var array: [Generation] {
        switch content {
        case .none: []
        case .one(let generation): [generation]
        case .several(let array): array
        }
    }
}

extension GenerationList: RandomAccessCollection {
    public var startIndex: Int { 0 }

    public var endIndex: Int {
        switch content {
        case .none: 0
        case .one: 1
        case .several(let array): array.count
        }
    }

    public subscript(index: Int) -> Generation {
        switch content {
        case .one(let generation) where index == 0: generation
        case .several(let array): array[index]
        case .none, .one: preconditionFailure("no generation \(index) of \(count)")
        }
    }
}

extension GenerationList: RangeReplaceableCollection {
    public mutating func replaceSubrange(
        _ range: Range<Int>, with generations: some Collection<Generation>
    ) {
        var array = array
        array.replaceSubrange(range, with: generations)
        self = GenerationList(array: array)
    }

    public mutating func append(_ generation: Generation) {
        switch content {
        case .none: content = .one(generation)
        case .one, .several: content = .several(array + [generation])
        }
    }
}

extension GenerationList: ExpressibleByArrayLiteral {
    public init(arrayLiteral generations: Generation...) { self.init(array: generations) }
}
