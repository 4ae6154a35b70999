import Testing

@testable import ONTAP

@Suite("JSON")
struct JSONTests {
    @Test(
        "What is JSON is read as it is",
        arguments: [
            ("{}", [:]), (" [ ] \n", []), ("null", .null), ("true", true), ("false", false), ("0", 0), ("-0", 0),
            ("-12", -12), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1.50", .decimal("1.50")), ("1e3", .decimal("1e3")), ("-0.1E-2", .decimal("-0.1E-2")),
            ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\u{8}\u{c}\n\r\t"), ("\"\\u00e9\\ud83d\\udee1\"", "é🛡"),
            ("\"é🛡\"", "é🛡"), ("\"\\u0000\"", "\u{0}"), ("\"\\u0065\\u0301\"", "e\u{301}"),
            ("{\"b\":1,\"a\":[1,{\"c\":null}]}", ["b": 1, "a": [1, ["c": .null]]]),
        ] as [(String, JSONValue)])
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == value)
    }

    @Test(
        "What is no JSON is refused with its place",
        arguments: [
            ("", .syntax, 0), (" ", .syntax, 1), ("{", .syntax, 1), ("}", .syntax, 0), ("{]", .syntax, 1),
            ("[1,]", .syntax, 3), ("{\"a\":1,}", .syntax, 7), ("{\"a\" 1}", .syntax, 5), ("{a:1}", .syntax, 1),
            ("{'a':1}", .syntax, 1), ("[1 2]", .syntax, 3), ("01", .syntax, 1), ("+1", .syntax, 0), ("1.", .syntax, 2),
            (".5", .syntax, 0), ("1e", .syntax, 2), ("-", .syntax, 1), ("tru", .syntax, 3), ("True", .syntax, 0),
            ("NaN", .syntax, 0), ("\"", .syntax, 1), ("\"a\nb\"", .syntax, 2), ("\"\\x\"", .syntax, 2),
            ("\"\\u12\"", .syntax, 5), ("{} x", .syntax, 3), ("{}{}", .syntax, 2), ("// a\n{}", .syntax, 0),
            ("\u{feff}{}", .syntax, 0), ("9223372036854775808", .range, 0), ("1e999", .range, 0),
            ("\"\\ud800\"", .encoding, 3), ("\"\\udc00\"", .encoding, 3), ("\"\\ud800\\u0041\"", .encoding, 3),
            ("{\"a\":1,\"a\":1}", .duplicate("a"), 7), ("{\"a\":{\"b\":1,\"\\u0062\":2}}", .duplicate("b"), 12),
        ] as [(String, JSONError.Reason, Int)])
    func refuses(text: String, reason: JSONError.Reason, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(error?.reason == reason)
        #expect(error?.offset == offset)
    }

    @Test(
        "Bytes that are not UTF-8 are refused", arguments: [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]])
    func refusesForeignBytes(bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONParser.parse([0x22] + bytes + [0x22]) }
        #expect(error?.reason == .encoding)
    }

    @Test("Depth is bounded")
    func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: 0x5b, count: depth) + [UInt8](repeating: 0x5d, count: depth)
        }

        _ = try JSONParser.parse(nested(JSONParser.depthMaximum))
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(nested(JSONParser.depthMaximum + 1)) }
        #expect(error?.reason == .tooDeep)
        #expect(throws: JSONError.self) { try JSONParser.parse([UInt8](repeating: 0x5b, count: 1_000_000)) }
    }

    @Test("The count of values is bounded")
    func count() {
        let text = "[" + [String](repeating: "0", count: JSONParser.valuesMaximum).joined(separator: ",") + "]"

        let error = #expect(throws: JSONError.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(error?.reason == .tooMany)
    }

    @Test("Every prefix of a text, and the text with any byte replaced, is read or refused, never a crash")
    func survivesDamage() {
        let text = Array("{\"enabled\": true, \"a\": [1.5e2, -3, \"\\ud83d\\udee1\\n\", null, {\"b\": {}}]}".utf8)

        for end in text.indices { #expect(throws: JSONError.self) { try JSONParser.parse(Array(text[..<end])) } }
        for index in text.indices {
            for byte in UInt8.min ... .max {
                var damaged = text
                damaged[index] = byte
                _ = try? JSONParser.parse(damaged)
            }
        }
    }

    @Test("The layout is ONTAP's: two spaces a level, no line end at the end")
    func pretty() {
        let value: JSONValue = ["a": 1, "b": [true, ["c": .null]], "d": [], "e": [:], "f": .decimal("1.50")]

        #expect(
            value.text(pretty: true) == """
                {
                  "a": 1,
                  "b": [
                    true,
                    {
                      "c": null
                    }
                  ],
                  "d": [],
                  "e": {},
                  "f": 1.50
                }
                """)
        #expect(value.text(pretty: false) == #"{"a":1,"b":[true,{"c":null}],"d":[],"e":{},"f":1.50}"#)
    }

    @Test("What is written is read back", arguments: ["a\"b\\c\n\r\t\u{0}\u{1f}\u{7f}", "é🛡\u{2028}", ""])
    func roundTrip(text: String) throws {
        let value: JSONValue = ["name": .string(text)]

        for pretty in [true, false] {
            #expect(try JSONParser.parse(Array(value.text(pretty: pretty).utf8)) == value)
        }
    }
}
