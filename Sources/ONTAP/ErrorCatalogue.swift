// Every refusal that the server words, with ONTAP's wording where one is known from its reference or a real answer.

extension APIError {
    /// A path that the server does not know. `na_ontap_rest_info` takes 404 with code 3 for "not there, carry on".
    public static let unknownPath = APIError(.notSupported, "API not found", status: 404)

    /// A path that knows other methods.
    public static func wrongMethod(_ name: String, allowed: [Method]) -> APIError {
        var error = APIError(.notSupported, "The method \"\(excerpt(name))\" is not supported by this API.")
        error.allowed = allowed
        return error
    }

    /// A key that no record has. Ansible's modules match the text.
    public static let noSuchEntry = APIError(.noSuchEntry, "entry doesn't exist")

    /// Wrong or no credentials. Ansible's modules match the text.
    public static let notAuthorized = APIError(.notAuthorized, "User is not authorized.")

    /// The account's role allows reading alone (wording of a real answer).
    public static let forbidden = APIError(.forbidden, "not authorized for that command")

    public static let tooManyRequests = APIError(.tooManyRequests, "Too many requests. Try again later.")

    public static let internalError = APIError(.internalError, "Internal error.")

    public static func bodyTooLarge(maximum: Int) -> APIError {
        APIError(.limit, "The request body is larger than \(maximum) bytes.", status: 413)
    }

    public static func addressTooLong(maximum: Int) -> APIError {
        APIError(.limit, "The request's path and query are longer than \(maximum) bytes.", status: 414)
    }

    /// The connection ended before the body did.
    public static let bodyIncomplete = APIError(.jsonSyntax, "The request body ended early.")

    public static let bodyNotAllowed = APIError(.bodyNotAllowed, "This method takes no request body.")

    /// A field of a body or a parameter of a query that nobody knows (wording of a real answer).
    public static func unexpectedArgument(_ name: String) -> APIError {
        APIError(.unexpectedArgument, "Unexpected argument \"\(excerpt(name))\".", target: excerpt(name))
    }

    /// A value of a body (wording of a real answer).
    public static func badValue(_ value: JSONValue, field: String, hint: String) -> APIError {
        let text: String =
            if case .string(let text) = value { text } else { value.text(pretty: false) }
        return APIError(
            .badValue, "\"\(excerpt(text))\" is an invalid value for field \"\(field)\" (\(hint))", target: field)
    }

    /// A field that a body must have.
    public static func valueRequired(_ field: String) -> APIError {
        APIError(.valueRequired, "Field \"\(field)\" requires a value.", target: field)
    }

    /// A value of a query (wording of a real answer).
    public static func badQueryValue(_ value: String, field: String, hint: String) -> APIError {
        APIError(
            .badQueryValue, "The value \"\(excerpt(value))\" is invalid for field \"\(excerpt(field))\" (\(hint))",
            target: excerpt(field))
    }

    public static func givenTwice(_ name: String) -> APIError {
        APIError(.givenTwice, "Field \"\(excerpt(name))\" was specified twice.", target: excerpt(name))
    }

    public static func queryWithoutEqualSign(_ name: String) -> APIError {
        APIError(
            .queryWithoutEqualSign, "Query parameter \"\(excerpt(name))\" has no \"=\".", target: excerpt(name))
    }

    /// A property of the resource that cannot be filtered by.
    public static func notQueryable(_ name: String) -> APIError {
        APIError(.notQueryable, "Field \"\(excerpt(name))\" cannot be queried.", target: excerpt(name))
    }

    public static func notOrderable(_ name: String) -> APIError {
        APIError(.notOrderable, "Cannot order by field \"\(excerpt(name))\".", target: "order_by")
    }

    /// Too many nodes are silent.
    public static let tookTooLong = APIError(.limit, "The nodes did not answer in time: ask for one by node.name.")

    /// More records match than can be put in order.
    public static func tooManyToOrder(maximum: Int) -> APIError {
        APIError(
            .orderTooSlow, "More than \(maximum) records match: filter them before they are ordered.",
            target: "order_by")
    }

    public static let bracesInFields = APIError(
        .bracesInFields, "Braces are not supported in \"fields\".", target: "fields")

    /// A body that is JSON, but no object.
    public static let bodyIsNoObject = APIError(.jsonFormat, "Invalid JSON input: an object is expected.")

    /// Bytes that are no JSON.
    public static func json(_ error: JSONError) -> APIError {
        let place = "byte \(error.offset)"
        switch error.reason {
        case .syntax: return APIError(.jsonSyntax, "Invalid JSON input at \(place).")
        case .range: return APIError(.jsonRange, "Invalid JSON input at \(place): the number is out of range.")
        case .encoding: return APIError(.jsonFormat, "Invalid JSON input at \(place): the text is not UTF-8.")
        case .duplicate(let name): return givenTwice(name)
        case .tooDeep:
            let maximum = JSONParser.depthMaximum
            return APIError(.jsonRange, "Invalid JSON input at \(place): more than \(maximum) levels.")
        case .tooMany:
            let maximum = JSONParser.valuesMaximum
            return APIError(.jsonRange, "Invalid JSON input at \(place): more than \(maximum) values.")
        }
    }

    /// IPsec was not turned on or off; wording of ONTAP's reference for `PATCH /security/ipsec`.
    ///
    /// - Parameter reasons: one sentence each, which says the node first.
    public static func ipsec(_ code: IPsecFailure, reasons: [String]) -> APIError {
        var error =
            switch code {
            case .unsupported:
                APIError(.ipsecUnsupported, "IPsec is not supported in the current cluster version.")
            case .enableFailed: APIError(.ipsecEnableFailed, "Internal error. Failed to enable IPsec.")
            case .disableFailed: APIError(.ipsecDisableFailed, "Internal error. Failed to disable IPsec.")
            }
        error.arguments = reasons.map { Argument(code: error.code.digits, message: $0) }
        return error
    }

    /// What of IPsec failed.
    public enum IPsecFailure: Hashable, Sendable {
        case unsupported
        case enableFailed
        case disableFailed
    }

    /// What is shown of a client's own text: long enough to find the mistake, too short to fill a log.
    private static let excerptMaximum = 128

    private static func excerpt(_ text: String) -> String {
        text.unicodeScalars.count <= excerptMaximum
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(excerptMaximum))) + "…"
    }
}
