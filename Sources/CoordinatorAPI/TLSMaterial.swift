internal import Crypto
internal import FoundationEssentials
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// The server's certificate and key: the operator's own, or made at the first start and kept in the server's folder.
///
/// The server certificate is made anew when it lacks a name, ends within 30 days or does not fit its key; the
/// authority never, for clients trust it. The authority's key may be kept elsewhere: only a new server certificate
/// needs it.
struct TLSMaterial: Hashable {
    private static let authorityKeyFile = "ca-key.pem"
    private static let serverFile = "server.pem"
    private static let serverKeyFile = "server-key.pem"

    let certificatePEM: [UInt8]
    let keyPEM: [UInt8]
    /// When the server's certificate ends; one of our own is made anew before.
    let end: Date

    static func load(_ configuration: RESTConfiguration) throws(RESTStartError) -> TLSMaterial {
        if let own = configuration.certificate { return try TLSMaterial(own) }
        return try loadOrMake(
            in: try ServerDirectory(path: configuration.directory), names: configuration.certificateNames)
    }

    private init(certificatePEM: [UInt8], keyPEM: [UInt8], end: Date) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.end = end
    }

    /// Reads an operator's certificate, its chain behind it, and its key.
    private init(_ own: RESTConfiguration.OwnCertificate) throws(RESTStartError) {
        func read(_ path: String, for audience: ServerDirectory.Audience) throws(RESTStartError) -> [UInt8] {
            guard let bytes = try ServerDirectory.read(path, for: audience) else {
                throw RESTStartError(operation: "read \(path)", message: "no such file")
            }
            return bytes
        }
        let chain = try read(own.certificateFile, for: .everyone)
        let key = try read(own.keyFile, for: .owner)
        // The first one is the server's.
        guard
            let first = (try? PEMDocument.parseMultiple(pemString: String(decoding: chain, as: UTF8.self)))?.first,
            let certificate = try? Certificate(pemDocument: first)
        else { throw RESTStartError(operation: "read \(own.certificateFile)", message: "it is no certificate in PEM") }
        guard certificate.notValidAfter > Date() else {
            throw RESTStartError(operation: "use \(own.certificateFile)", message: "it has ended")
        }
        self.init(certificatePEM: chain, keyPEM: key, end: certificate.notValidAfter)
        let tls = try configuration()
        // A key that is another certificate's is found here, and not by the first client.
        do {
            _ = try NIOSSLContext(configuration: tls)
        } catch {
            throw RESTStartError(
                operation: "use \(own.certificateFile) with \(own.keyFile)", message: "they do not fit: \(error)")
        }
    }

    static func loadOrMake(
        in directory: ServerDirectory, names: [String], now: Date = Date()
    ) throws(RESTStartError) -> TLSMaterial {
        let authority = try authorityCertificate(in: directory, now: now)
        if let key = try key(serverKeyFile, in: directory),
            let bytes = try directory.read(serverFile, for: .everyone),
            let server = try? Certificate(pemEncoded: String(decoding: bytes, as: UTF8.self)),
            CertificateAuthority.isUsable(server, for: key.publicKey, names: names, signedBy: authority, now: now)
        {
            return TLSMaterial(
                certificatePEM: bytes, keyPEM: Array(key.pemRepresentation.utf8), end: server.notValidAfter)
        }
        return try make(names, signedBy: authority, in: directory, now: now)
    }

    /// TLS 1.2 and later, HTTP/1.1 alone.
    func configuration() throws(RESTStartError) -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(certificatePEM).map(NIOSSLCertificateSource.certificate)
            let key = try NIOSSLPrivateKey(bytes: keyPEM, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return configuration
        } catch {
            throw RESTStartError(operation: "use the server's certificate", message: "\(error)")
        }
    }

    private static func make(
        _ names: [String], signedBy authority: Certificate, in directory: ServerDirectory, now: Date
    ) throws(RESTStartError) -> TLSMaterial {
        guard let authorityKey = try key(authorityKeyFile, in: directory),
            Certificate.PublicKey(authorityKey.publicKey) == authority.publicKey
        else {
            throw RESTStartError(
                operation: "make a server certificate for \(names.joined(separator: ", "))",
                message: "\(directory.path)/\(authorityKeyFile) is missing or not that of \(authorityFile)")
        }
        let key = P256.Signing.PrivateKey()
        let server: Certificate
        let pem: [UInt8]
        do {
            server = try CertificateAuthority(certificate: authority, key: authorityKey)
                .sign(key.publicKey, names: names, now: now)
            pem = Array((try server.serializeAsPEM().pemString + "\n").utf8)
        } catch {
            throw RESTStartError(operation: "make a server certificate", message: "\(error)")
        }
        // The key first: a certificate without its key would be taken for whole.
        try directory.write(serverKeyFile, Array((key.pemRepresentation + "\n").utf8), for: .owner)
        try directory.write(serverFile, pem, for: .everyone)
        return TLSMaterial(
            certificatePEM: pem, keyPEM: Array(key.pemRepresentation.utf8), end: server.notValidAfter)
    }

    private static var authorityFile: String { RESTConfiguration.authorityFile }

    /// The authority's certificate; made, with its key, where there is none.
    private static func authorityCertificate(
        in directory: ServerDirectory, now: Date
    ) throws(RESTStartError) -> Certificate {
        if let bytes = try directory.read(authorityFile, for: .everyone) {
            let remedy =
                "delete \(authorityFile) and \(authorityKeyFile) to make a new one, which clients must be given"
            guard let certificate = try? Certificate(pemEncoded: String(decoding: bytes, as: UTF8.self)) else {
                throw RESTStartError(
                    operation: "read \(directory.path)/\(authorityFile)", message: "it is no certificate; \(remedy)")
            }
            guard certificate.notValidAfter > now else {
                throw RESTStartError(
                    operation: "use \(directory.path)/\(authorityFile)", message: "it has ended; \(remedy)")
            }
            return certificate
        }
        // A key without a certificate is what a crash between the two left.
        let known = try key(authorityKeyFile, in: directory)
        let key = known ?? P256.Signing.PrivateKey()
        if known == nil {
            try directory.write(authorityKeyFile, Array((key.pemRepresentation + "\n").utf8), for: .owner)
        }
        do {
            let certificate = try CertificateAuthority(key: key, now: now).certificate
            let pem = try certificate.serializeAsPEM().pemString + "\n"
            try directory.write(authorityFile, Array(pem.utf8), for: .everyone)
            return certificate
        } catch let error as RESTStartError {
            throw error
        } catch {
            throw RESTStartError(operation: "make a certificate authority", message: "\(error)")
        }
    }

    private static func key(
        _ name: String, in directory: ServerDirectory
    ) throws(RESTStartError) -> P256.Signing.PrivateKey? {
        guard let bytes = try directory.read(name, for: .owner) else { return nil }
        let pem = String(decoding: bytes, as: UTF8.self)
        // The library's error would quote what it read: a key.
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) else {
            throw RESTStartError(
                operation: "read \(directory.path)/\(name)", message: "it is no P-256 private key; delete it")
        }
        return key
    }
}
