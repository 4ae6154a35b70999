/// How a value stands in a line of a log, where names and values are written `name=value`.
public enum LogText {
    private static let scalarsMaximum = 1_024

    /// Values come from outside: none makes a line or a field of its own, and none is endless.
    public static func value(_ text: String) -> String {
        var isPlain = true
        var value = ""
        for scalar in text.unicodeScalars.prefix(scalarsMaximum) {
            let isControl = scalar.properties.generalCategory == .control
            if scalar == "\"" || scalar == "\\" { value += "\\" }
            if isControl || " =\"\\".unicodeScalars.contains(scalar) { isPlain = false }
            value.unicodeScalars.append(isControl ? " " : scalar)
        }
        return isPlain ? value : "\"\(value)\""
    }
}
