extension FixedWidthInteger {
    /// Reads a number as it prints: no sign, no leading zero, so that a text that is read is written the same.
    package init?(plain text: some StringProtocol) {
        guard let number = Self(text), text == "\(number)" else { return nil }
        self = number
    }
}
