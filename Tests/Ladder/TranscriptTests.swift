import Fleet
import Foundation
import Testing

@testable import Ladder

/// Rollouts told as text files: lines that begin with `>` are what the machine did, recorded and compared.
///
/// `TESTUDO_RECORD=1` writes them anew; the difference is for a reviewer to read.
@Suite("Transcripts")
struct TranscriptTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".txt") }
        .sorted()

    @Test("There are transcripts")
    func transcriptsExist() { #expect(Self.names.count >= 7) }

    @Test("A rollout does what its transcript says", arguments: names)
    func transcript(name: String) throws {
        let file = Self.folder.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        var teller = Teller()
        let told = try teller.tell(text)

        if ProcessInfo.processInfo.environment["TESTUDO_RECORD"] != nil {
            try told.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(told == text)
        #expect(teller.world?.violations == [])
    }
}

/// Plays a transcript's commands on a ``World`` and writes down what the coordinator did.
///
/// Commands, separated by `;`: `start on|off N nodes [at RUNG]`, `begin on|off|settle RUNG`, `step a b` (each takes all
/// its letters and reports), `step` (all nodes that are not stopped), `take a` (takes one letter, its reports wait),
/// `hand a` (one waiting report is delivered), `hand a again` (it is delivered and stays, as a duplicate),
/// `stop a`, `wake a`, `crash a`, `lag a` (its estimate of the coordinator's clock is a minute late), `refuse a RUNG "words"`, `tick` (to the armed moment), `timeout` (ticks until a step
/// times out or a drain ends).
struct Teller {
    struct Mistake: Error { var command: String }
    var world: World?

    mutating func tell(_ text: String) throws -> String {
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix(">") { continue }
            lines.append(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            for command in line.split(separator: ";") { try play(command.trimmingCharacters(in: .whitespaces)) }
            guard let world else { continue }
            lines += world.transcript.map { "> " + $0 }
            self.world?.transcript = []
        }
        return lines.joined(separator: "\n")
    }

    private mutating func play(_ command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let node = words.count > 1 ? number(words[1]) : nil
        switch words.first {
        case "start":
            guard words.count >= 4, let count = UInt32(words[2]) else { throw Mistake(command: command) }
            let rung = Rung.allCases.first { $0.description == words.last } ?? .clear
            let state = rung == .clear ? EdgeState.clear : .on(rung, offers: Generation(1))
            world = World(
                words[1] == "on" ? .enable : .disable, count: count, at: state, generation: rung == .clear ? 1 : 2)
            world?.keepsTranscript = true
            world?.begin()
        case "begin":
            let rung = Rung.allCases.first { $0.description == words.last } ?? .clear
            world?.begin(words[1] == "on" ? .enable : words[1] == "off" ? .disable : .settle(rung))
        case "step": step(words.count > 1 ? words.dropFirst().compactMap(number) : nil)
        case "take": node.map { world?.deliverDown($0) }
        case "hand": node.map { world?.deliverUp($0, keeps: words.last == "again") }
        case "stop": node.map { world?.nodes[$0]?.isStopped = true }
        case "wake": node.map { world?.nodes[$0]?.isStopped = false }
        case "crash": node.map { world?.crash($0) }
        case "refuse":
            guard let node, words.count > 3, let rung = Rung.allCases.first(where: { $0.description == words[2] })
            else {
                throw Mistake(command: command)
            }
            world?.nodes[node]?.refusesOnce[rung] = words[3...].joined(separator: " ")
        case "lag": node.map { world?.nodes[$0]?.lagMicroseconds = 60_000_000 }
        case "tick": world?.tick()
        case "timeout": timeOut()
        default: throw Mistake(command: command)
        }
    }

    private mutating func step(_ nodes: [NodeNumber]?) {
        let awake = world?.nodes.filter { !$0.value.isStopped }.keys.sorted() ?? []
        for node in nodes ?? awake {
            while let count = world?.nodes[node]?.inbox.count, count > 0 { world?.deliverDown(node) }
        }
        for node in nodes ?? awake {
            while let count = world?.nodes[node]?.outbox.count, count > 0 { world?.deliverUp(node) }
        }
    }

    private mutating func timeOut() {
        let before = world?.rollout.phase
        for _ in 0..<100 {
            guard let world, world.armed != nil, changed(before, world.rollout.phase) == false else { return }
            self.world?.tick()
        }
    }

    private func changed(_ before: Rollout.Phase?, _ after: Rollout.Phase) -> Bool {
        if case .waiting(let old) = before, case .waiting(let new) = after { return old.order.stamp != new.order.stamp }
        return before != after
    }

    private func number(_ letter: String) -> NodeNumber? {
        letter.utf8.first.flatMap { NodeNumber(UInt32($0) - 96) }
    }
}
