internal import Glibc
public import MeshKeys

/// Files of the daemons: secret ones are 0600 from their first moment, and records are never half written.
public enum HostFile {
    /// No file of ours is larger; a larger one is a mistake.
    public static let sizeMaximum = 4 << 20

    /// Reads a file; `nil` where there is none.
    public static func read(_ path: String) throws(HostError) -> [UInt8]? {
        // Safe because the path lives for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 && errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw HostError("open \(path)", errno: errno) }
        defer { close(descriptor) }
        return try readAll(descriptor, path)
    }

    /// Reads a secret: a regular file that neither group nor others may touch.
    public static func readSecret(_ path: String) throws(HostError) -> Secret {
        // Safe because the path lives for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw HostError("open \(path)", errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        // Safe because the pointer is to a local that outlives the call.
        guard unsafe fstat(descriptor, &status) == 0 else { throw HostError("stat \(path)", errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw HostError("\(path) is not a regular file") }
        guard status.st_mode & 0o077 == 0 else {
            throw HostError("\(path) may be read or written by others than its owner: chmod 600 it")
        }
        var bytes = try readAll(descriptor, path)
        defer { wipe(&bytes) }
        return Secret(copying: bytes.span)
    }

    /// Makes a new file with this mode; refuses where one stands already.
    public static func create(_ path: String, mode: UInt32, _ bytes: Span<UInt8>) throws(HostError) {
        // Safe because the path lives for the call.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw HostError("create \(path)", errno: errno) }
        defer { close(descriptor) }
        try writeAll(descriptor, path, bytes)
    }

    /// Makes a new file that only its owner may read.
    public static func create(_ path: String, secret: Secret) throws(HostError) {
        try secret.withBytes { (bytes) throws(HostError) in try create(path, mode: 0o600, bytes) }
    }

    /// Replaces a file's content durably: written beside it, synced, renamed over it.
    public static func replace(_ path: String, mode: UInt32, _ bytes: Span<UInt8>) throws(HostError) {
        let beside = path + ".new"
        // Safe because the paths live for the calls.
        let descriptor = unsafe open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw HostError("create \(beside)", errno: errno) }
        do {
            defer { close(descriptor) }
            try writeAll(descriptor, beside, bytes)
        }
        guard unsafe rename(beside, path) == 0 else { throw HostError("rename \(beside)", errno: errno) }
        try syncFolder(of: path)
    }

    /// Makes a folder that only its owner may enter, where there is none.
    public static func makeFolder(_ path: String) throws(HostError) {
        // Safe because the path lives for the call.
        if unsafe mkdir(path, 0o700) != 0 && errno != EEXIST { throw HostError("make folder \(path)", errno: errno) }
    }

    private static func syncFolder(of path: String) throws(HostError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        // Safe because the path lives for the call.
        let descriptor = unsafe open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError("open \(folder)", errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw HostError("sync \(folder)", errno: errno) }
    }

    private static func readAll(_ descriptor: Int32, _ path: String) throws(HostError) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        defer { wipe(&buffer) }
        while true {
            // Safe because the kernel writes at most the buffer's count into it.
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw HostError("read \(path)", errno: errno) }
            if count == 0 { return content }
            content += buffer[..<count]
            guard content.count <= sizeMaximum else { throw HostError("\(path) is larger than \(sizeMaximum) bytes") }
        }
    }

    private static func writeAll(_ descriptor: Int32, _ path: String, _ bytes: Span<UInt8>) throws(HostError) {
        var offset = 0
        while offset < bytes.count {
            // Safe because the kernel reads at most what is left of the span.
            let count = unsafe bytes.extracting(offset...).withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw HostError("write \(path)", errno: errno) }
            offset += count
        }
        guard fsync(descriptor) == 0 else { throw HostError("sync \(path)", errno: errno) }
    }
}
