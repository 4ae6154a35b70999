/// A refusal or a failure as ONTAP words it: an HTTP status and the `error` object of its answer.
public struct APIError: Error, Hashable, Sendable {
    /// One more thing to know about a failure.
    public struct Argument: Hashable, Sendable {
        public var code: String
        public var message: String

        public init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// As many as a reader takes in; of more, the last says how many there are.
    public static let argumentsMaximum = 256

    public var code: Code
    public var message: String
    /// The parameter or field at fault.
    public var target: String?
    public var arguments: [Argument]
    /// The HTTP status; of most codes that which ONTAP's overview lists, see ``Code/status``.
    public var status: Int
    /// The methods that the path knows, where the method was at fault.
    public var allowed: [Method]

    init(_ code: Code, _ message: String, target: String? = nil, status: Int? = nil) {
        self.code = code
        self.message = message
        self.target = target
        self.status = status ?? code.status
        arguments = []
        allowed = []
    }

    /// The body of the answer; `code` is digits inside a string, for clients decode it as one.
    public var body: JSONValue {
        var error: JSONObject = ["message": .string(message), "code": .string(code.digits)]
        if let target { error["target"] = .string(target) }
        if !arguments.isEmpty {
            error["arguments"] = .array(
                bounded.arguments.map { ["code": .string($0.code), "message": .string($0.message)] })
        }
        return ["error": .object(error)]
    }

    /// With as many arguments as are shown.
    public var bounded: APIError {
        guard arguments.count > Self.argumentsMaximum else { return self }
        let shown = arguments.prefix(Self.argumentsMaximum - 1)
        var error = self
        error.arguments =
            shown + [Argument(code: code.digits, message: "and \(arguments.count - shown.count) more")]
        return error
    }
}

extension APIError {
    /// ONTAP's codes, those that this server answers with.
    ///
    /// Common codes: the overview of ONTAP's REST reference, table of error codes. IPsec's: the page of
    /// `PATCH /security/ipsec`.
    public enum Code: Int, Hashable, Sendable, CaseIterable {
        /// No such path (404, as real answers have it), or the path lacks the method (405).
        case notSupported = 3
        case noSuchEntry = 4
        /// The account's role does not allow it.
        case forbidden = 6
        /// A limit of the server.
        case limit = 7
        case internalError = 262_145
        case tooManyRequests = 262_160
        case unexpectedArgument = 262_179
        /// A bad value in a body.
        case badValue = 262_185
        case givenTwice = 262_188
        /// A bad value in a query.
        case badQueryValue = 262_197
        /// More records than can be put in order.
        case orderTooSlow = 262_210
        case bodyNotAllowed = 262_198
        /// Broken JSON: what stands at this place.
        case jsonSyntax = 262_199
        /// Broken JSON: a number or a size out of range.
        case jsonRange = 262_200
        /// Broken JSON: not the format that is expected.
        case jsonFormat = 262_201
        /// A field that a body must have.
        case valueRequired = 262_212
        case queryWithoutEqualSign = 262_248
        case notQueryable = 262_250
        case notOrderable = 262_268
        case bracesInFields = 262_286
        case notAuthorized = 6_691_623
        case ipsecEnableFailed = 66_256_898
        case ipsecDisableFailed = 66_256_899
        case ipsecUnsupported = 66_257_199

        public var digits: String { "\(rawValue)" }

        /// The status that goes with the code unless the case at hand has another.
        ///
        /// The three of IPsec have none in the reference; its rule for them is 500.
        public var status: Int {
            switch self {
            case .noSuchEntry: 404
            case .forbidden: 403
            case .notSupported: 405
            case .notAuthorized: 401
            case .tooManyRequests: 429
            case .limit: 503
            case .orderTooSlow, .internalError, .ipsecEnableFailed, .ipsecDisableFailed, .ipsecUnsupported: 500
            case .unexpectedArgument, .badValue, .givenTwice, .badQueryValue, .bodyNotAllowed, .jsonSyntax, .jsonRange,
                .jsonFormat, .valueRequired, .queryWithoutEqualSign, .notQueryable, .notOrderable, .bracesInFields:
                400
            }
        }
    }
}
