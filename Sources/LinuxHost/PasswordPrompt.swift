internal import Glibc

/// Asks for a password on the terminal without showing it.
public enum PasswordPrompt {
    private static let lengthMaximum = 1_024
    private static let interruptedStatus: Int32 = 130
    private static let interrupt: UInt8 = 3
    private static let endOfInput: UInt8 = 4
    private static let erase: Set<UInt8> = [8, 127]
    private static let killLine: UInt8 = 21
    private static let lineEnds: Set<UInt8> = [10, 13]

    /// The password's bytes, none where nothing was typed; `nil` where standard input is no terminal.
    ///
    /// Ctrl-C ends the process as it would elsewhere, with the terminal as it was.
    public static func read(_ prompt: String) -> [UInt8]? {
        var old = termios()
        // Safe because the structures are ours and live as long as the calls.
        guard unsafe isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &old) == 0 else { return nil }
        var silent = old
        // Byte by byte, keys that send signals included: whatever is typed, the echo comes back.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        write(prompt)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        let (password, isInterrupted) = line()
        _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
        write("\n")
        if isInterrupted {
            raise(SIGINT)
            // Where the signal is ignored.
            exit(interruptedStatus)
        }
        return password
    }

    private static func line() -> (password: [UInt8], isInterrupted: Bool) {
        var password: [UInt8] = []
        var byte: UInt8 = 0
        // Safe because one byte of ours is written.
        while unsafe Glibc.read(STDIN_FILENO, &byte, 1) == 1 {
            switch byte {
            case interrupt: return ([], true)
            case endOfInput: return (password, false)
            case killLine: password = []
            case _ where erase.contains(byte): eraseCharacter(&password)
            case _ where lineEnds.contains(byte): return (password, false)
            case 0..<32: break
            default: if password.count < lengthMaximum { password.append(byte) }
            }
        }
        return (password, false)
    }

    /// With all its bytes: UTF-8's later ones begin with the bits 10.
    private static func eraseCharacter(_ password: inout [UInt8]) {
        while let last = password.popLast(), last & 0xc0 == 0x80 {}
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // Safe because the bytes are ours for as long as the call; a terminal that is gone is seen when it is read.
        _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
