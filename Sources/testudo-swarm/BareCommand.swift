internal import ArgumentParser
internal import CoordinatorAPI
internal import Foundation
internal import Logging

/// What requests to the coordinator are held against.
struct BareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare",
        abstract: "The coordinator's HTTP server with nothing behind it: answers `hello` until it is killed.")

    @Option(help: "Its port on 127.0.0.1.")
    var port: UInt16 = 18_443

    func run() async throws {
        try await withTemporaryFolder { folder in
            let configuration = RESTConfiguration(
                listen: [.init(host: "127.0.0.1", port: Int(port))], directory: folder.appending(path: "rest").path)
            try await BareServer.run(configuration, logger: Logger(label: "bare"))
        }
    }
}
