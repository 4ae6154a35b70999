import Foundation
import Logging
import SwiftASN1
import Testing
import X509

@testable import CoordinatorAPI

@Suite("The server's folder")
struct DirectoryTests {
    private func make(_ path: String, names: [String] = []) throws -> RESTServer {
        var configuration = RESTConfiguration(
            listen: [.init(host: "127.0.0.1", port: 0)], directory: path, names: names)
        configuration.passwordCost = .test
        return try RESTServer(control: FakeFleet(), configuration: configuration, logger: .init(label: "test"))
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = try ServerFixture.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func content(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func certificate(_ path: String) throws -> Certificate { try Certificate(pemEncoded: content(path)) }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require((attributes[.posixPermissions] as? NSNumber)?.intValue)
    }

    @Test("Secrets are readable by their owner alone, certificates by all, and nothing else is left lying about")
    func modes() throws {
        try withDirectory { path in
            _ = try make(path)

            let modes = try FileManager.default.contentsOfDirectory(atPath: path).sorted().map {
                "\($0) \(String(try mode("\(path)/\($0)"), radix: 8))"
            }
            #expect(
                modes == [
                    "accounts 600", "ca-key.pem 600", "ca.pem 644", "password 600", "server-key.pem 600",
                    "server.pem 644",
                ])
        }
    }

    @Test("The password is long, and stands in no other file")
    func password() throws {
        try withDirectory { path in
            _ = try make(path)
            let password = try content("\(path)/password").trimmingCharacters(in: .newlines)

            #expect(password.utf8.count == 26)
            #expect(try !content("\(path)/accounts").contains(password))
            #expect(try content("\(path)/accounts").contains("\nadmin:admin:scrypt:4:1:1:"))
        }
    }

    @Test("A second start changes nothing")
    func restart() throws {
        try withDirectory { path in
            func all() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { try content("\(path)/\($0)") }
            }
            _ = try make(path)
            let before = try all()

            _ = try make(path)
            #expect(try all() == before)
        }
    }

    @Test("Two installations share neither password nor authority")
    func fresh() throws {
        try withDirectory { first in
            try withDirectory { second in
                _ = try make(first)
                _ = try make(second)

                #expect(try content("\(first)/password") != content("\(second)/password"))
                #expect(try certificate("\(first)/ca.pem").subject != certificate("\(second)/ca.pem").subject)
            }
        }
    }

    @Test("The password file may be deleted; an operator's own password is taken where the accounts were deleted")
    func ownPassword() throws {
        try withDirectory { path in
            _ = try make(path)
            try FileManager.default.removeItem(atPath: "\(path)/password")
            _ = try make(path)
            #expect(!FileManager.default.fileExists(atPath: "\(path)/password"))

            try FileManager.default.removeItem(atPath: "\(path)/accounts")
            #expect(
                FileManager.default.createFile(
                    atPath: "\(path)/password", contents: Data("my own one\n".utf8),
                    attributes: [.posixPermissions: 0o600]))
            let accounts = try Accounts.loadOrMake(in: ServerDirectory(path: path), cost: .test)
            #expect(accounts.accounts["admin"]?.hash.matches(Array("my own one".utf8)) == true)
            #expect(accounts.accounts["admin"]?.hash.matches(Array("my own one\n".utf8)) == false)
        }
    }

    @Test("A new name makes a new server certificate under the same authority")
    func newName() throws {
        try withDirectory { path in
            _ = try make(path)
            let authority = try content("\(path)/ca.pem")
            let server = try content("\(path)/server.pem")

            _ = try make(path, names: ["storage.example", "192.0.2.1"])
            #expect(try content("\(path)/ca.pem") == authority)
            #expect(try content("\(path)/server.pem") != server)
            let names = try certificate("\(path)/server.pem").extensions.subjectAlternativeNames
            #expect(
                names.map { $0.map(String.init(describing:)) }?.count == 5, "localhost, 127.0.0.1, ::1 and the two")
        }
    }

    @Test("A server certificate that ends within 30 days is made anew, one that lasts is kept")
    func renewal() throws {
        try withDirectory { path in
            let directory = try ServerDirectory(path: path)
            let day: TimeInterval = 86_400
            let begin = Date()
            func load(_ days: Double) throws -> [UInt8] {
                try TLSMaterial.loadOrMake(
                    in: directory, names: ["localhost"], now: begin.addingTimeInterval(days * day)
                ).certificatePEM
            }

            let first = try load(0)
            #expect(try load(366) == first)
            let second = try load(368)
            #expect(second != first)
            #expect(try load(369) == second)
            #expect(throws: RESTStartError.self) { try load(3_651) }
        }
    }

    @Test(
        "What a crash left half made is completed", arguments: ["ca.pem", "server.pem", "server-key.pem", "accounts"])
    func crash(missing: String) throws {
        try withDirectory { path in
            _ = try make(path)
            try FileManager.default.removeItem(atPath: "\(path)/\(missing)")
            try Data("half".utf8).write(to: URL(fileURLWithPath: "\(path)/.\(missing).new"))

            _ = try make(path)
            #expect(FileManager.default.fileExists(atPath: "\(path)/\(missing)"))
            #expect(!FileManager.default.fileExists(atPath: "\(path)/.\(missing).new"))
        }
    }

    @Test("The authority's key may be kept elsewhere, until a new server certificate is needed")
    func offlineAuthority() throws {
        try withDirectory { path in
            _ = try make(path)
            try FileManager.default.removeItem(atPath: "\(path)/ca-key.pem")

            _ = try make(path)
            let error = #expect(throws: RESTStartError.self) { try make(path, names: ["new.example"]) }
            #expect(error?.message.contains("ca-key.pem") == true)
        }
    }

    @Test(
        "A file that is damaged, too large, no file or open to others is refused by name, never quoted",
        arguments: ["accounts", "ca.pem", "server-key.pem"])
    func damage(name: String) throws {
        for damage in ["SECRET-TEXT", String(repeating: "x", count: 70_000), "directory", "link"] {
            try withDirectory { path in
                _ = try make(path)
                let file = "\(path)/\(name)"
                try FileManager.default.removeItem(atPath: file)
                switch damage {
                case "directory":
                    try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
                case "link":
                    try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "/etc/hostname")
                default:
                    #expect(
                        FileManager.default.createFile(
                            atPath: file, contents: Data(damage.utf8), attributes: [.posixPermissions: 0o600]))
                }

                let error = #expect(throws: RESTStartError.self) { try make(path) }
                #expect(error?.operation.contains(name) == true)
                #expect(error?.description.contains("SECRET") == false)
            }
        }
    }

    @Test("A secret that others may read is refused", arguments: ["accounts", "ca-key.pem", "server-key.pem"])
    func openSecret(name: String) throws {
        try withDirectory { path in
            _ = try make(path)
            // Makes every key necessary.
            try FileManager.default.removeItem(atPath: "\(path)/server.pem")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: "\(path)/\(name)")

            let error = #expect(throws: RESTStartError.self) { try make(path) }
            #expect(error?.message.contains("chmod 600") == true)
        }
    }

    @Test(
        "A configuration that cannot be served is refused",
        arguments: [
            [], [RESTConfiguration.Endpoint(host: "", port: 1)], [.init(host: "127.0.0.1", port: 65_536)],
            [.init(host: "127.0.0.1", port: -1)],
            [RESTConfiguration.Endpoint](repeating: .init(host: "127.0.0.1", port: 0), count: 17),
        ])
    func badConfiguration(listen: [RESTConfiguration.Endpoint]) throws {
        try withDirectory { path in
            #expect(throws: RESTStartError.self) {
                try RESTServer(
                    control: FakeFleet(), configuration: .init(listen: listen, directory: path),
                    logger: .init(label: "test"))
            }
        }
    }

    @Test("A folder whose parent is missing is refused")
    func missingParent() {
        #expect(throws: RESTStartError.self) { try make("/nonexistent/testudo") }
    }

    @Test(
        "An account that is no account is refused",
        arguments: [
            "", "admin", "admin:", "admin:md5:1", "admin:scrypt:99:8:1:AAAA:AAAA", "admin:scrypt:15:8:1:AAAA:AAAA",
            "admin:scrypt:15:8:1:AAAAAAAAAAAAAAAAAAAAAA==", ":scrypt:4:1:1:x:y",
        ])
    func badAccounts(line: String) throws {
        try withDirectory { path in
            let directory = try ServerDirectory(path: path)
            try directory.write(Accounts.file, Array((line + "\n").utf8), for: .owner)

            #expect(throws: RESTStartError.self) { try Accounts.loadOrMake(in: directory, cost: .test) }
        }
    }

    @Test("A password hash is read back as it was written, and fits its password alone")
    func hashes() throws {
        let hash = try PasswordHash(of: Array("secret".utf8), cost: .test)
        let read = try #require(PasswordHash(text: hash.text))

        #expect(read == hash)
        #expect(read.matches(Array("secret".utf8)))
        #expect(!read.matches(Array("Secret".utf8)))
        #expect(!read.matches([]))
        #expect(try PasswordHash(of: Array("secret".utf8), cost: .test) != hash)
    }
}
