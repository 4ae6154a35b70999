internal import CLinux

/// How this process uses memory.
public enum ProcessMemory {
    /// A change of the whole fleet leaves free pages behind that glibc keeps; giving them back takes microseconds.
    private static let trimSeconds = 2

    /// Gives free heap pages back to the system every now and then, until its task is cancelled.
    public static func keepTrimmed() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(trimSeconds)) // Cancelled: the loop ends.
            testudo_trim_heap()
        }
    }
}
