/// The pages that describe the API, below `/docs/api`.
public enum Documentation {
    /// The answer to a GET of one of the pages; `nil` for any other path.
    public static func answer(method: String, path: String) throws(APIError) -> Answer? {
        guard path == "/docs/api" || path.hasPrefix("/docs/api/") else { return nil }
        guard let method = Method(rawValue: method), Method.reading.contains(method) else {
            throw .wrongMethod(method, allowed: Method.reading)
        }
        switch path {
        case "/docs/api", "/docs/api/": return Answer(page: html, type: "text/html; charset=utf-8")
        // Every JSON text is a YAML text (YAML 1.2 §1.3).
        case "/docs/api/openapi.yaml": return Answer(page: specification, type: "application/yaml")
        default: throw .unknownPath
        }
    }

    private static let specification = OpenAPI.document.text(pretty: true) + "\n"

    private static let html =
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>Testudo: the API</title>
        <style>
        body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
        h2 { border-top: 1px solid #bbb; padding-top: 1em; } code, td:first-child { font-family: monospace; }
        table { border-collapse: collapse; } td { padding: 0.1em 1.5em 0.1em 0; vertical-align: top; }
        </style>
        </head>
        <body>
        <h1>Testudo: the API</h1>
        <p>The shape is that of ONTAP 9.8's REST interface, below <code>/api</code> and <code>/api/v1</code> alike; what is below
        <code>/api/fleet</code> is Testudo's own. The same as a specification: <a href="/docs/api/openapi.yaml">openapi.yaml</a>.</p>
        <h2>Parameters</h2>
        <table>
        \(rows(Query.described.map { ($0.name, $0.about) }))
        <tr><td>PROPERTY</td><td>Filter of a GET: a value, &lt;, &lt;=, &gt;, &gt;=, a..b, !value, a|b, * in texts, null.</td></tr>
        </table>
        \(Resource.all.map(section).joined(separator: "\n"))
        <h2>Errors</h2>
        <p><code>{"error": {"message", "code", "target", "arguments"}}</code>; the codes are ONTAP's:
        \(APIError.Code.allCases.map { "<code>\($0.digits)</code> (\($0.status))" }.joined(separator: ", ")).</p>
        </body>
        </html>

        """

    private static func section(_ resource: Resource) -> String {
        var paths = ["<code>/api\(resource.path)</code>: \(names(resource.methods))"]
        if case .collection(let key) = resource.shape {
            paths.append("<code>/api\(resource.path)/{\(key)}</code>: \(names(resource.recordMethods))")
        }
        return """
            <h2 id="\(resource.schemaName)">\(escaped(resource.path))</h2>
            <p>\(escaped(resource.about))</p>
            <p>\(paths.joined(separator: "<br>"))</p>
            <table>
            \(rows(described(resource.properties, below: "")))
            </table>
            """
    }

    private static func described(
        _ properties: [Resource.Property], below prefix: String
    ) -> [(name: String, about: String)] {
        properties.flatMap { property -> [(name: String, about: String)] in
            let name = prefix + property.name
            if !property.members.isEmpty { return described(property.members, below: name + ".") }
            let values = property.values.isEmpty ? "" : " One of \(property.values.joined(separator: ", "))."
            return [(name, property.about + values)]
        }
    }

    private static func rows(_ rows: [(name: String, about: String)]) -> String {
        rows.map { "<tr><td>\(escaped($0.name))</td><td>\(escaped($0.about))</td></tr>" }.joined(separator: "\n")
    }

    private static func names(_ methods: [Method]) -> String { methods.map(\.rawValue).joined(separator: ", ") }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
        return result
    }
}
