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
/// Commands, separated by `;`: `start KIND N nodes [without a] [at RUNG]`, `begin KIND` (on, off, rotate, prepare,
/// converge-on, converge-off, leave-a), `supersede`, `block a b` (no probe of a reaches b), `reboot a`, `step a b` (each takes all
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
            guard words.count >= 4, let count = UInt32(words[2]), let kind = kind(words[1]) else {
                throw Mistake(command: command)
            }
            let rung = Rung.allCases.first { $0.description == words.last } ?? .clear
            let state = rung == .clear ? EdgeState.clear : .on(rung, offers: Generation(1))
            let absent = words.firstIndex(of: "without").flatMap { number(words[$0 + 1]) }
            world = World(
                kind, count: count, at: state, generation: rung == .clear ? 1 : 2, absent: absent.map { [$0] } ?? [],
                absentEdges: absent != nil && kind == .enable ? .close : .stay)
            world?.keepsTranscript = true
            world?.begin()
        case "begin":
            guard let kind = kind(words[1]) else { throw Mistake(command: command) }
            world?.begin(kind)
        case "supersede": world?.supersede()
        case "block":
            guard let node, let peer = number(words[2]) else { throw Mistake(command: command) }
            world?.nodes[node]?.blocked.insert(peer)
        case "reboot": node.map { world?.reboot($0) }
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

    private func kind(_ word: String) -> Rollout.Kind? {
        switch word {
        case "on": .enable
        case "off": .disable
        case "rotate": .rotate
        case "prepare": .prepare
        case "converge-on": .converge(.enforce)
        case "converge-off": .converge(.clear)
        default: word.hasPrefix("leave-") ? number(String(word.dropFirst(6))).map { .leave($0) } : nil
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
