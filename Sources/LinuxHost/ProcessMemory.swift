internal import CLinux

/// How this process uses memory.
public enum ProcessMemory {
    /// A change of the whole fleet leaves free pages behind that glibc keeps; giving them back takes microseconds.
    private static let trimSeconds = 2

    /// What is larger leaves no hole behind: a look at a thousand edges is a few such blocks. Glibc would raise it up to 32 MiB.
    private static let mappedBytes = 64 << 10

    /// Keeps little memory that is not in use, for a process that has much to do only now and then.
    public static func keepSmall() { testudo_keep_heap_small(mappedBytes) }

    /// Gives free heap pages back to the system every now and then, until its task is cancelled.
    public static func keepTrimmed() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(trimSeconds)) // Cancelled: the loop ends.
            testudo_trim_heap()
        }
    }
}
