internal import Crypto
internal import Fleet
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// The fleet's own certificate authority: signs the REST server's certificate, and nothing else.
struct CertificateAuthority {
    /// Clients are given the CA once; it should outlive the installation.
    static let lifetime = days(3_650)
    /// The longest that clients which distrust long-lived server certificates take.
    static let serverLifetime = days(397)
    /// A server certificate that ends sooner is made anew.
    static let renewal = days(30)
    /// Clocks of clients may be behind by as much.
    private static let skew: TimeInterval = 3_600

    let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// Takes an authority that exists.
    init(certificate: Certificate, key: P256.Signing.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    /// Makes the authority's certificate for a key.
    init(key: P256.Signing.PrivateKey, now: Date) throws {
        self.key = key
        let privateKey = Certificate.PrivateKey(key)
        let number = Certificate.SerialNumber()
        // The number in the name keeps the authorities of two fleets apart in one trust store.
        let suffix = number.bytes.prefix(4).map { String($0, radix: 16) }.joined()
        let name = try DistinguishedName {
            OrganizationName("Testudo")
            CommonName("Testudo CA \(suffix)")
        }
        certificate = try Certificate(
            version: .v3, serialNumber: number, publicKey: privateKey.publicKey,
            notValidBefore: now.addingTimeInterval(-Self.skew), notValidAfter: now.addingTimeInterval(Self.lifetime),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: privateKey.publicKey)
            },
            issuerPrivateKey: privateKey)
    }

    /// Signs a server certificate for names and addresses.
    func sign(_ server: P256.Signing.PublicKey, names: [String], now: Date) throws -> Certificate {
        let serverKey = Certificate.PublicKey(server)
        let subject = try DistinguishedName {
            OrganizationName("Testudo")
            CommonName("Testudo REST server")
        }
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: serverKey,
            notValidBefore: now.addingTimeInterval(-Self.skew),
            notValidAfter: now.addingTimeInterval(Self.serverLifetime),
            issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.map(Self.generalName))
                SubjectKeyIdentifier(hash: serverKey)
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
    }

    /// Whether a server certificate is of this authority and this key, lasts, and carries all names.
    static func isUsable(
        _ server: Certificate, for key: P256.Signing.PublicKey, names: [String], signedBy authority: Certificate,
        now: Date
    ) -> Bool {
        let alternatives = try? server.extensions.subjectAlternativeNames
        let carried = Set(alternatives.map(Array.init) ?? [])
        return server.publicKey == Certificate.PublicKey(key)
            && server.issuer == authority.subject
            && authority.publicKey.isValidSignature(server.signature, for: server)
            && server.notValidBefore <= now && server.notValidAfter > now.addingTimeInterval(renewal)
            && names.map(generalName).allSatisfy(carried.contains)
    }

    private static func generalName(_ name: String) -> GeneralName {
        Address(name).map { .ipAddress(ASN1OctetString(contentBytes: $0.bytes[...])) } ?? .dnsName(name)
    }

    private static func days(_ count: Int) -> TimeInterval { TimeInterval(count) * 86_400 }
}
