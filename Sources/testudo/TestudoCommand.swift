internal import ArgumentParser

/// The fleet's command line, in the words of ONTAP's.
@main
struct TestudoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo",
        abstract: "Turns IPsec on and off across a fleet, over its coordinator's REST interface.",
        discussion: """
            The commands are those of ONTAP's command line; options are written with one hyphen or two.
            Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 not reachable, 4 not done in time.
            """,
        subcommands: [Security.self, Cluster.self, JobCommand.self, Fleet.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.complain(failure.lines)
            exit(withError: ExitCode(failure.status))
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            Terminal.complain(fullMessage(for: error).split(separator: "\n").map(String.init))
            exit(withError: ExitCode(Failure.usage))
        }
    }
}

struct Security: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "IPsec and accounts.", subcommands: [IPsec.self])
}

struct IPsec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ipsec", abstract: "IPsec between all nodes of the fleet.",
        subcommands: [Config.self, ShowAssociations.self, Rotate.self])
}

struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Whether IPsec is on.", subcommands: [ShowConfig.self, Modify.self])
}

struct Cluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The fleet's nodes.", subcommands: [ShowCluster.self])
}

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Changes that are under way.", subcommands: [ShowJobs.self])
}

struct Fleet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What ONTAP has no word for.", subcommands: [ShowEdges.self, ShowRollouts.self, ShowEvents.self])
}

/// How a command ended that did not do what it was to do.
struct Failure: Error {
    static let refused: Int32 = 1
    static let usage: Int32 = 2
    static let unreachable: Int32 = 3
    static let late: Int32 = 4

    var status: Int32
    /// ONTAP's, of a refusal.
    var code: String?
    var lines: [String]
}

extension NameSpecification {
    /// `-name` and `--name`.
    static func both(_ name: String) -> NameSpecification {
        [.customLong(name), .customLong(name, withSingleDash: true)]
    }
}
