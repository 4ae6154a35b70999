internal import Glibc

/// The folder of the server's certificates, keys and accounts.
///
/// Secrets are created with mode 0600, never opened up first and closed afterwards, and a secret that others may read
/// is refused. A file appears whole or not at all.
struct ServerDirectory {
    /// Who may read a file.
    enum Audience {
        case owner
        case everyone
    }

    /// Certificates and accounts are a few kilobytes.
    static let fileBytesMaximum = 65_536

    let path: String

    /// Makes the folder if it is missing; its parent must exist.
    init(path: String) throws(RESTStartError) {
        self.path = path
        // Safe because the C string lives as long as the call.
        guard unsafe mkdir(path, 0o755) != 0, errno != EEXIST else { return }
        throw Self.failure("make the folder \(path)")
    }

    /// The content of a file, `nil` where there is none.
    func read(_ name: String, for audience: Audience) throws(RESTStartError) -> [UInt8]? {
        try Self.read("\(path)/\(name)", for: audience, follows: false)
    }

    /// The content of a file by its path, `nil` where there is none.
    ///
    /// - Parameter follows: whether it may be a symbolic link, as tools that renew certificates leave them.
    static func read(
        _ path: String, for audience: Audience, follows: Bool = true
    ) throws(RESTStartError) -> [UInt8]? {
        let operation = "read \(path)"
        // Safe because the C string lives as long as the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure(operation)
        }
        defer { close(descriptor) }
        var status = stat()
        // Safe because the structure is ours and lives as long as the call.
        guard unsafe fstat(descriptor, &status) == 0 else { throw Self.failure(operation) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw RESTStartError(operation: operation, message: "it is not a regular file")
        }
        guard audience == .everyone || status.st_mode & 0o077 == 0 else {
            throw RESTStartError(operation: operation, message: "others may read or write it; `chmod 600` it")
        }
        guard status.st_size <= Self.fileBytesMaximum else {
            throw RESTStartError(operation: operation, message: "it is larger than \(Self.fileBytesMaximum) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                // Safe because the buffer lives as long as the closure and `filled` stays within it.
                unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(operation) }
            filled += count
        }
        return bytes
    }

    /// Writes a file under another name first and gives it its own when it is safe on the disk.
    func write(_ name: String, _ bytes: [UInt8], for audience: Audience) throws(RESTStartError) {
        let operation = "write \(path)/\(name)"
        let temporary = "\(path)/.\(name).new"
        // Safe because the C string lives as long as the call. What a crash left behind goes first.
        _ = unsafe unlink(temporary)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        // Safe because the C string lives as long as the call.
        let descriptor = unsafe open(temporary, flags, 0o600)
        guard descriptor >= 0 else { throw Self.failure(operation) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                // Safe because the buffer lives as long as the closure and `written` stays within it.
                unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(operation) }
            written += count
        }
        // Root writes for who owns the folder: the server does not run as root.
        var folder = stat()
        // Safe because the structure is ours and lives as long as the call.
        if geteuid() == 0, unsafe stat(path, &folder) == 0, folder.st_uid != 0 {
            guard fchown(descriptor, folder.st_uid, folder.st_gid) == 0 else { throw Self.failure(operation) }
        }
        // Only what all may read is opened up, after the umask may have closed it.
        guard audience == .owner || fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0 else {
            throw Self.failure(operation)
        }
        // Safe because the C strings live as long as the call.
        guard unsafe rename(temporary, "\(path)/\(name)") == 0 else { throw Self.failure(operation) }
    }

    private static func failure(_ operation: String) -> RESTStartError {
        let number = errno
        // Safe because strerror answers a string that lives at least until the thread calls it again.
        let message = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
        return RESTStartError(operation: operation, message: message)
    }
}
