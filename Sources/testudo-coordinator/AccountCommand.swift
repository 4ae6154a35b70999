internal import ArgumentParser
internal import CoordinatorAPI
internal import LinuxHost

/// Adds an account of the API. The password is read, never given as an argument: those are for all to see.
struct AccountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Adds an account of the REST API, or gives one another password and role.",
        discussion:
            "Reads the password from the terminal, or one line from the standard input. A running coordinator takes it up."
    )

    @Argument(help: "Its name.")
    var name: String
    @Option(
        help: "admin, or readonly: GET alone. By default that which it has; a new one reads only.", transform: Self.role
    )
    var role: Accounts.Role?
    @Option(help: "The YAML file, which says where the accounts are.")
    var config = "/etc/testudo/coordinator.yaml"

    func run() throws {
        let settings = try Settings.load(config)
        var password = try Self.readPassword()
        defer { for index in password.indices { password[index] = 0 } }
        let role = try Accounts.add(name, role: role, password: password, in: settings.restDirectory)
        print("\(name): \(role.rawValue)")
    }

    private static func role(_ text: String) throws -> Accounts.Role {
        guard let role = Accounts.Role(rawValue: text) else { throw ValidationError("expected admin or readonly") }
        return role
    }

    private static func readPassword() throws -> [UInt8] {
        let password = PasswordPrompt.read("Password: ") ?? Array((readLine() ?? "").utf8)
        if password.isEmpty { throw ValidationError("no password was given") }
        return password
    }
}
