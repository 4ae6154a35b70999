internal import Foundation
internal import Glibc
internal import ONTAP

/// What is written.
enum Terminal {
    /// Without what a terminal would obey: texts come from every node.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }

    /// A value as JSON, which keeps its texts but for how they are written: a terminal obeys U+0080 to U+009F too.
    static func json(_ value: JSONValue) -> String {
        value.text(pretty: true).unicodeScalars.map { scalar in
            (0x80...0x9f).contains(scalar.value) ? "\\u00" + String(scalar.value, radix: 16) : String(scalar)
        }.joined()
    }

    /// To standard error.
    static func complain(_ lines: [String]) {
        if lines.isEmpty { return }
        FileHandle.standardError.write(Data((lines.map(plain).joined(separator: "\n") + "\n").utf8))
    }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// A line that the next one replaces.
    static func replaceLine(_ text: String) {
        FileHandle.standardError.write(Data(("\r\u{1b}[K" + plain(text)).utf8))
    }

    /// ONTAP's table: a head, a line of hyphens, a line a record, how many there were.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let widths = head.indices.map { column in
            ([head] + rows).map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0) }
                .joined(separator: " ").trimmingCharacters(in: .init(charactersIn: " "))
        }
        let count = rows.count == 1 ? "1 entry was displayed." : "\(rows.count) entries were displayed."
        let hyphens = widths.map { String(repeating: "-", count: $0) }.joined(separator: " ")
        return ([line(head), hyphens] + rows.map(line) + ["", count]).joined(separator: "\n")
    }

    /// ONTAP's block: labels to the right, a colon, the value.
    static func block(_ lines: [(label: String, value: String)]) -> String {
        let width = lines.map(\.label.count).max() ?? 0
        return lines.map { String(repeating: " ", count: width - $0.label.count) + "\($0.label): \($0.value)" }
            .joined(separator: "\n")
    }
}
