internal import ArgumentParser
internal import Foundation
internal import MeshKeys
internal import ZeroMQ

/// Gives a large fleet its CURVE keys, which outlive its processes.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes the CURVE keys of a coordinator and its agents.")

    @OptionGroup var fleet: FleetOptions

    func run() throws {
        var text = ""
        for _ in 0...fleet.agents {
            let key = try CurveKeyPair.generate()
            key.secretText.withBytes { bytes in
                for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
            }
            text += " \(key.publicKey)\n"
        }
        let isMade = FileManager.default.createFile(
            atPath: fleet.keysPath, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isMade else { throw SwarmError("\(fleet.keysPath) cannot be written") }
    }
}

/// The keys of a large fleet as ``KeysCommand`` made them: a line each, the secret half and the public one, the coordinator's
/// first.
struct FleetKeys {
    let coordinator: CurveKeyPair
    /// Of the agents, in the order of their numbers.
    let publicKeys: [CurvePublicKey]
    private let secretTexts: [Substring]

    init(_ fleet: FleetOptions) throws {
        let lines = try String(contentsOfFile: fleet.keysPath, encoding: .utf8).split(separator: "\n")
        guard lines.count > fleet.agents else {
            throw SwarmError("\(fleet.keysPath) has keys for \(lines.count - 1) agents: make them anew")
        }
        let halves = try lines.prefix(fleet.agents + 1).map { line in
            let words = line.split(separator: " ")
            guard words.count == 2, let publicKey = CurvePublicKey(String(words[1])) else {
                throw SwarmError("\(fleet.keysPath) has a line that is not two keys: make them anew")
            }
            return (secretText: words[0], publicKey: publicKey)
        }
        coordinator = try Self.pair(halves[0].secretText)
        publicKeys = halves.dropFirst().map(\.publicKey)
        secretTexts = halves.dropFirst().map(\.secretText)
    }

    /// Both halves of some agents' keys.
    ///
    /// - Parameters:
    ///   - first: the number of the first agent.
    ///   - count: all that follow by default.
    func pairs(from first: Int, count: Int?) throws -> [CurveKeyPair] {
        try secretTexts.dropFirst(first - 1).prefix(count ?? secretTexts.count).map(Self.pair)
    }

    private static func pair(_ secretText: Substring) throws -> CurveKeyPair {
        try CurveKeyPair(secretText: Secret(copying: Array(secretText.utf8).span))
    }
}
