import Fleet
import Foundation
import Ports
import Testing

@testable import Probe

/// One side of a real path, in a network namespace of the lab: Tests/Lab/scripts/probe-path.sh starts both sides.
///
/// TESTUDO_PROBE_ROLE is `answer` or `ask`, TESTUDO_PROBE_PAIRS lists own and peer's addresses as `OWN,PEER OWN,PEER`,
/// TESTUDO_PROBE_FOLDER is where the sides meet: the answering one makes `ready` and goes on until there is `end`.
/// TESTUDO_PROBE_EXPECT is what the asking one must find of every pair, in the words of ``words(_:)``.
struct LabSide {
    let isAsking: Bool
    let targets: [ProbeTarget]
    let folder: String
    let expected: String
    static let port: UInt16 = 7_741

    /// `nil` outside the lab.
    static let current: LabSide? = {
        let environment = ProcessInfo.processInfo.environment
        guard let role = environment["TESTUDO_PROBE_ROLE"], let pairs = environment["TESTUDO_PROBE_PAIRS"] else {
            return nil
        }
        let targets = pairs.split(separator: " ").compactMap { pair -> ProbeTarget? in
            let ends = pair.split(separator: ",").compactMap { Address(String($0)) }
            return ends.count == 2 ? ProbeTarget(peer: 2, own: ends[0], address: ends[1]) : nil
        }
        return LabSide(
            isAsking: role == "ask", targets: targets, folder: environment["TESTUDO_PROBE_FOLDER"] ?? "",
            expected: environment["TESTUDO_PROBE_EXPECT"] ?? "")
    }()

    var session: ProbeSession {
        ProbeSession(
            nonce: 0x1ab0_1ab0_1ab0_1ab0, port: Self.port, own: targets.map(\.own), peers: Set(targets.map(\.address)))
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }

    static func words(_ result: ProbeResult) -> String {
        let verdict =
            switch result.verdict {
            case .echoed: "echoed"
            case .silent: "silent"
            case .tooLarge(let bytes): "too large: \(bytes)"
            case .unsent(let words): "unsent: \(words)"
            }
        return result.losesFragments ? "\(verdict), loses fragments" : verdict
    }
}

@Suite("A path in the lab", .enabled(if: LabSide.current != nil))
struct PathInTheLabTests {
    @Test("This side answers until it is told to end, or asks and finds what it must")
    func side() async throws {
        let side = try #require(LabSide.current)
        let probe = UDPPathProbe(clock: TestClock())
        try await probe.open(side.session)
        if side.isAsking {
            #expect(!side.targets.isEmpty)
            for result in await probe.ask(side.targets) {
                print("asked \(result.target.address): \(result.verdict)")
                #expect(LabSide.words(result) == side.expected, "\(result.target.address)")
            }
        } else {
            #expect(FileManager.default.createFile(atPath: "\(side.folder)/ready", contents: nil))
            let end = ContinuousClock.now + .seconds(60)
            while !side.has("end"), ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(20)) // The lab has one processor: no spinning.
            }
        }
        print("counters: \(await probe.counters)")
        await probe.close()
    }
}
