import Fleet
import Ports
import Testing

/// The same requirements for the SQLite journal and for the one in memory that other tests use.
@Suite("Journal")
struct JournalTests {
    private let name: NodeName
    private let other: NodeName
    private let digest: Digest

    init() throws {
        name = try #require(NodeName("node1"))
        other = try #require(NodeName("node2"))
        digest = try #require(Digest([UInt8](repeating: 9, count: 32)))
    }

    private static func began(_ rollout: UInt64, _ kind: RolloutKind = .enable) -> JournalEntry {
        .began(rollout: rollout, kind: kind, absent: .refuse, user: "admin")
    }

    @Test("A new journal has an identity, a window of 64 packets, and nothing else", arguments: Backend.allCases)
    func fresh(backend: Backend) async throws {
        try await backend.with { journal in
            let state = try await journal.load()

            #expect(
                state
                    == JournalState(
                        epoch: Epoch(1), fleetID: [UInt8](repeating: 7, count: 16),
                        fleetUUID: "00000000-0000-4000-8000-000000000007"))
            #expect(state.replayWindow == 64)
        }
    }

    @Test("What is recorded is kept", arguments: Backend.allCases)
    func keeps(backend: Backend) async throws {
        try await backend.with { journal in
            let begun = try await journal.load()
            let address = try #require(Address("192.0.2.9"))
            let other6 = try #require(Address("2001:db8::1"))

            try await journal.record([
                .number(name, 5), .addresses(name, [address]), .addresses(name, [other6, address]),
                .roster(RosterVersion(sequence: 3, digest: digest)), .desired(true),
                .replayWindow(1_024), .oldest(Generation(6)), Self.began(4),
                .plan(rollout: 4, Generation(8), isWayBack: false),
                .step(rollout: 4, Stamp(generation: Generation(8), step: 1), name: "preflight"),
                .plan(rollout: 4, Generation(7), isWayBack: true),
                .ended(rollout: 4, isSuccess: false, reasons: ["node1: no report"]),
            ])

            let kept = try await journal.load()
            #expect(kept.numbers == [name: 5])
            #expect(kept.addresses == [name: [other6, address]])
            #expect(kept.roster == RosterVersion(sequence: 3, digest: digest))
            #expect(kept.desired)
            #expect(kept.replayWindow == 1_024)
            #expect(kept.oldest == Generation(6))
            #expect(kept.generation == Generation(8), "an older plan does not lower it")
            #expect(kept.rollout == 4)
            #expect(kept.open == nil)
            #expect(kept.fleetID == begun.fleetID)
            #expect(kept.fleetUUID == begun.fleetUUID)
        }
    }

    @Test("A rollout without an end is open, with all that is needed to go on", arguments: Backend.allCases)
    func open(backend: Backend) async throws {
        try await backend.with { journal in
            for (index, kind) in RolloutKind.allCases.enumerated() {
                for absent in AbsentPolicy.allCases {
                    let id = UInt64(2 * index) + (absent == .refuse ? 1 : 2)
                    let window: UInt32? = absent == .refuse ? 256 : nil
                    try await journal.record([
                        .began(rollout: id, kind: kind, absent: absent, user: "user \(id)", replayWindow: window)
                    ])
                    #expect(
                        try await journal.load().open
                            == .init(
                                id: id, kind: kind, absent: absent, user: "user \(id)", isWayBack: false,
                                replayWindow: window))
                    try await journal.record([.plan(rollout: id, Generation(id), isWayBack: true)])
                    #expect(try await journal.load().open?.isWayBack == true)
                    try await journal.record([.ended(rollout: id, isSuccess: true, reasons: [])])
                    #expect(try await journal.load().open == nil)
                }
            }
        }
    }

    @Test("Only the newest rollout is open: one that was given up before it is not", arguments: Backend.allCases)
    func newest(backend: Backend) async throws {
        try await backend.with { journal in
            try await journal.record([Self.began(1), Self.began(2, .disable)])
            try await journal.record([.plan(rollout: 1, Generation(9), isWayBack: true)])
            #expect(try await journal.load().open?.id == 2)
            #expect(try await journal.load().open?.isWayBack == false)
            #expect(try await journal.load().generation == Generation(9))

            try await journal.record([.ended(rollout: 1, isSuccess: false, reasons: ["x"])])
            #expect(try await journal.load().open?.kind == .disable)
            try await journal.record([.ended(rollout: 2, isSuccess: true, reasons: [])])
            #expect(try await journal.load().open == nil)
        }
    }

    @Test(
        "A removed node keeps its number, and its addresses in order until they are released",
        arguments: Backend.allCases)
    func removal(backend: Backend) async throws {
        let addresses = try ["192.0.2.9", "2001:db8::1", "192.0.2.1", "::ffff:1.2.3.4"].map { text in
            try #require(Address(text))
        }

        try await backend.with { journal in
            try await journal.record([.number(name, 5), .number(other, 6)])
            try await journal.record([.removed(name, quarantined: addresses), .removed(other, quarantined: [])])
            var kept = try await journal.load()
            #expect(
                kept.removed == [
                    name: .init(number: 5, quarantined: addresses), other: .init(number: 6, quarantined: []),
                ])
            #expect(kept.numbers == [name: 5, other: 6])

            try await journal.record([.released(name)])
            kept = try await journal.load()
            #expect(kept.removed[name] == .init(number: 5, quarantined: []))
            #expect(kept.numbers == [name: 5, other: 6])
        }
    }

    @Test("A journal that is behind its fleet stays so until it has caught up", arguments: Backend.allCases)
    func behind(backend: Backend) async throws {
        try await backend.with { journal in
            try await journal.record([Self.began(1), .plan(rollout: 1, Generation(5), isWayBack: false), .behind])
            #expect(try await journal.load().isBehind)

            try await journal.record([.plan(rollout: 1, Generation(7), isWayBack: false), .behind])
            #expect(try await journal.load().isBehind)
            try await journal.record([.caughtUp(Generation(6))])
            #expect(try await !journal.load().isBehind)
            #expect(try await journal.load().generation == Generation(7))
            try await journal.record([.caughtUp(Generation(9))])
            #expect(try await journal.load().generation == Generation(9))
        }
    }

    @Test("An entry that follows from nothing that is kept is refused", arguments: Backend.allCases)
    func misplaced(backend: Backend) async throws {
        try await backend.with { journal in
            try await journal.record([.number(name, 1), Self.began(4)])
            let before = try await journal.load()

            for entry in [
                .number(name, 2), .number(other, 1), .removed(other, quarantined: []), .released(name),
                .addresses(other, []),
                .released(other),
                Self.began(4), Self.began(3), .plan(rollout: 5, Generation(1), isWayBack: false),
                .step(rollout: 5, Stamp(generation: Generation(1), step: 1), name: "x"),
                .ended(rollout: 3, isSuccess: true, reasons: []),
            ] as [JournalEntry] {
                let error = await #expect(throws: JournalError.self, "\(entry)") { try await journal.record([entry]) }
                #expect(error?.operation == "record")
            }
            #expect(try await journal.load() == before)
        }
    }

    @Test("What is recorded together is kept together or not at all", arguments: Backend.allCases)
    func atomic(backend: Backend) async throws {
        try await backend.with { journal in
            try await journal.record([.number(name, 1)])
            let before = try await journal.load()

            await #expect(throws: JournalError.self) {
                try await journal.record([
                    .desired(true), .replayWindow(0), Self.began(1), .plan(rollout: 1, Generation(3), isWayBack: true),
                    .removed(name, quarantined: []), .number(other, 1),
                ])
            }

            #expect(try await journal.load() == before)
            try await journal.record([.desired(true), Self.began(1)])
            #expect(try await journal.load().desired)
        }
    }
}
