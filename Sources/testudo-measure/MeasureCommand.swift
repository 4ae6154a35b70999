internal import ArgumentParser

/// Parts of Testudo measured alone: `testudo-measure micro`, `testudo-measure netlink`. A tool of the benchmarks.
@main
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testudo-measure",
        abstract: "Measures parts of Testudo alone; prints one JSON object a line.",
        subcommands: [MicroCommand.self, NetlinkCommand.self])
}
