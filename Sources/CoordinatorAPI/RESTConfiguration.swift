/// Where the REST server listens and where it keeps its keys.
public struct RESTConfiguration: Hashable, Sendable {
    /// One address to listen on.
    public struct Endpoint: Hashable, Sendable {
        /// An IPv4 or IPv6 address, or a name that resolves to one.
        public var host: String
        /// 0 takes a free one, see ``RESTServer/ports()``.
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// A certificate that an operator brought along.
    public struct OwnCertificate: Hashable, Sendable {
        /// PEM: the server's certificate first, then those that signed it.
        public var certificateFile: String
        /// PEM, readable by its owner alone.
        public var keyFile: String

        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// The account of the first start: who may turn IPsec on and off.
    public static let administrator = "admin"
    /// In the directory: the certificate that clients are given to trust, readable by all.
    public static let authorityFile = "ca.pem"
    /// In the directory: the administrator's first password, readable by the owner alone. It may be deleted.
    public static let passwordFile = "password"
    /// A host has few addresses that are worth naming one by one.
    public static let endpointsMaximum = 16
    /// What fits a certificate that every client still takes.
    public static let namesMaximum = 64

    public var listen: [Endpoint]
    /// A folder for certificates, keys and accounts; made if it is missing.
    public var directory: String
    /// Further names and addresses that the server's certificate must carry, such as the host's DNS name.
    public var names: [String]
    /// `nil` for one of an authority of our own, made at the first start.
    public var certificate: OwnCertificate?
    /// Certificates and accounts are looked at so often, and other ones taken up.
    static let reloadSeconds: Int64 = 5
    /// How long a change may take before it is answered with a job, where the client does not say: seconds, 0 to 120.
    public var returnTimeoutSeconds = RESTConfiguration.returnTimeoutStandard
    /// Longer than a rollout may take, so that whoever does not ask for a job gets none unless another call is under way;
    /// shorter than clients wait for an answer (45 s and more).
    public static let returnTimeoutStandard: Int64 = 30
    var limits = RESTLimits()
    var passwordCost = PasswordHash.Cost()

    public init(listen: [Endpoint], directory: String, names: [String] = []) {
        self.listen = listen
        self.directory = directory
        self.names = names
    }

    /// Names and addresses for the certificate: loopback, what the server listens on, and what was asked for.
    var certificateNames: [String] {
        let everywhere: Set<String> = ["0.0.0.0", "::", ""]
        let bound = listen.map(\.host).filter { !everywhere.contains($0) }
        var names: [String] = []
        for name in ["localhost", "127.0.0.1", "::1"] + bound + self.names where !names.contains(name) {
            names.append(name)
        }
        return names
    }

    func check() throws(RESTStartError) {
        func refuse(_ message: String) -> RESTStartError {
            RESTStartError(operation: "read the REST configuration", message: message)
        }
        guard (1...Self.endpointsMaximum).contains(listen.count) else {
            throw refuse("\(listen.count) addresses to listen on; 1 to \(Self.endpointsMaximum) are allowed")
        }
        for endpoint in listen where !(0...65_535).contains(endpoint.port) || endpoint.host.isEmpty {
            throw refuse("\"\(endpoint.host)\" port \(endpoint.port) is no address to listen on")
        }
        guard certificateNames.count <= Self.namesMaximum else {
            throw refuse("\(certificateNames.count) names for the certificate; at most \(Self.namesMaximum)")
        }
    }
}

/// Why the REST server cannot start: what it was doing, and what stood in the way.
public struct RESTStartError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var message: String

    public var description: String { "cannot \(operation): \(message)" }
}
