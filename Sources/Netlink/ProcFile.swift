internal import Glibc
internal import Ports

/// A file under /proc, opened once and read again and again: it stays with the namespace of who opened it.
struct ProcFile: ~Copyable {
    /// Longer than any file read here.
    private static let byteMaximum = 64 * 1_024

    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(KernelError) {
        self.path = path
        // Safe because open copies the path.
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open \(path)") }
    }

    deinit { _ = close(descriptor) }

    /// The whole content from the beginning, at most 64 KiB of it.
    func text() throws(KernelError) -> String {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .last("read \(path)") }
        var bytes = [UInt8](repeating: 0, count: Self.byteMaximum)
        var filled = 0
        while filled < bytes.count {
            // Safe because the call writes at most the rest of the array.
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return unsafe read(descriptor, rest.baseAddress, rest.count)
            }
            guard count >= 0 else { throw .last("read \(path)") }
            if count == 0 { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    /// Whether there is such a file.
    static func exists(_ path: String) -> Bool {
        // Safe because access copies the path.
        unsafe access(path, F_OK) == 0
    }

    /// The names in a directory, sorted; none where it cannot be read.
    static func names(in directory: String) -> [String] {
        // Safe because the stream is used by this call only, and each entry is read before the next one is asked for.
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
