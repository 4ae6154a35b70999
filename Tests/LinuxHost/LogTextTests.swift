import Fleet
import Testing

@Suite("Values in the log")
struct LogTextTests {
    @Test(
        "What comes from outside makes no line and no field of its own",
        arguments: [
            ("plain", "plain"), ("two words", "\"two words\""), ("a=b", "\"a=b\""),
            (#"x" user="admin"#, #""x\" user=\"admin""#), (#"back\slash"#, #""back\\slash""#),
            ("line\nend", "\"line end\""), ("bell\u{7}", "\"bell \""), ("csi\u{9b}2J", "\"csi 2J\""), ("", ""),
        ])
    func value(text: String, written: String) { #expect(LogText.value(text) == written) }

    @Test("No value is endless")
    func long() { #expect(LogText.value(String(repeating: "x", count: 5_000)).count == 1_024) }
}
