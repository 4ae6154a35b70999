import Testing

@Suite("Reading Swift text")
struct SwiftTextTests {
    @Test(
        "Comments and literals are no code, interpolations are",
        arguments: [
            ("a // b", "a"),
            ("a /* b /* c */ d */ e", "a e"),
            ("/* a\nb */ c", "c"),
            ("x = \"a // b\" + c", "x = \" \" + c"),
            ("x = \"a \\(b + \"c\") d\"", "x = \" ( b + \" \" ) \""),
            ("x = \"\\\"\" + a", "x = \" \" + a"),
            ("x = #\"a\"b\\(c)\"# + d", "x = # \" \" # + d"),
            ("x = #\"a\\#(b)\"#", "x = # \" ( b ) \" #"),
            ("x = \"\"\"\n  a \"b\" // c\n  \"\"\" + d", "x = \" \" \" \" \" \" + d"),
            ("x = \"forgotten\ny", "x = \" y"),
            ("x = a / b / c", "x = a / b / c"),
            ("x = f(/a\"[/\"]/) + b", "x = f ( ) + b"),
            ("x.reduce(1, /)", "x . reduce ( 1 , / )"),
        ])
    func separates(text: String, code: String) {
        #expect(SwiftText(text).tokens.map(\.text).joined(separator: " ") == code)
    }

    @Test("Code and comments keep their lines")
    func keepsLines() {
        let text = SwiftText("a\n// b\n/* c\nd */ e\n")

        #expect(text.code.count == text.comments.count)
        #expect(text.tokens.map(\.line) == [0, 3])
        #expect(text.comments[1].contains("b"))
        #expect(text.comments[3].contains("d"))
    }

    @Test(
        "A text that ends in the middle of anything is read to its end",
        arguments: ["\"", "/*", "\"\\(", "#\"", "/a", "\\"])
    func survives(text: String) {
        #expect(SwiftText(text).code.count == 1)
    }

    @Test(
        "Functions are found with their lines",
        arguments: [
            ("func a() {\n}\n", ["a 0...1"]),
            ("func a(\n    b: () -> Void = {}\n) {\n}\n", ["a 0...3"]),
            ("protocol P {\n    func a()\n    init()\n    var b: Int { get }\n}\n", []),
            ("protocol P {\n    func a() async throws(E)\n    @A func b()\n}\nstruct S {\n}\n", []),
            ("struct S {\n    init?(a: Int) {\n    }\n    deinit {\n    }\n}\n", ["init 1...2", "deinit 3...4"]),
            ("func a() {\n    func b() {\n    }\n}\n", ["a 0...3", "b 1...2"]),
            ("func a<T>(_ b: T) -> @Sendable () -> Void\nwhere T: P {\n}\n", ["a 0...2"]),
            ("func == (a: A, b: A) -> Bool {\n    true\n}\n", ["= 0...2"]),
            ("let a = B.init(c)\nself.init(d)\nif e {\n}\n", []),
            ("subscript(a: Int) -> Int {\n    1\n}\n", ["subscript 0...2"]),
            ("// func a() {\nlet b = \"func c() {\"\n", []),
        ])
    func functions(text: String, spans: [String]) {
        let found = FunctionSpan.all(in: SwiftText(text).tokens)

        #expect(found.map { "\($0.name) \($0.lines)" } == spans)
    }
}
