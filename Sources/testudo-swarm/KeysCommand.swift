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
            let secret = try CurveKeyPair.generate().secretText
            secret.withBytes { bytes in
                for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
            }
            text += "\n"
        }
        let isMade = FileManager.default.createFile(
            atPath: fleet.keysPath, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isMade else { throw SwarmError("\(fleet.keysPath) cannot be written") }
    }
}

/// The keys of a large fleet as ``KeysCommand`` made them.
struct FleetKeys {
    let coordinator: CurveKeyPair
    /// In the order of their numbers.
    let agents: [CurveKeyPair]

    init(_ fleet: FleetOptions) throws {
        let lines = try String(contentsOfFile: fleet.keysPath, encoding: .utf8).split(separator: "\n")
        guard lines.count > fleet.agents, let first = lines.first else {
            throw SwarmError("\(fleet.keysPath) has keys for \(lines.count - 1) agents: make them anew")
        }
        coordinator = try Self.key(first)
        agents = try lines.dropFirst().prefix(fleet.agents).map(Self.key)
    }

    private static func key(_ line: Substring) throws -> CurveKeyPair {
        try CurveKeyPair(secretText: Secret(copying: Array(line.utf8).span))
    }
}
