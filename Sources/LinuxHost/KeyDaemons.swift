internal import Glibc

/// Running programs that manage IPsec keys by themselves: two such managers on one host undo each other's work.
enum KeyDaemons {
    /// Their names as /proc/PID/comm has them.
    static let names: Set<String> = [
        "charon", "charon-systemd", "charon-nm", "charon-cmd", "charon-tkm", "starter", // strongSwan
        "pluto", // Libreswan, Openswan
        "racoon", "iked", "isakmpd", // ipsec-tools, OpenIKED and Racoon2, isakmpd
    ]

    /// As many processes as are looked at, lowest numbers first: a daemon that was started with the machine is among
    /// them, and a look at all takes a fraction of a second (some 10 µs each).
    static let processesMaximum = 32_768
    /// Longer than any comm (TASK_COMM_LEN is 16) and any link of a namespace (`net:[4026531840]`).
    private static let textByteMaximum = 64

    /// The names of those that run in this thread's network namespace, sorted. One whose namespace we may not see
    /// counts.
    ///
    /// - Parameter proc: `/proc`, or a folder like it.
    static func running(proc: String) -> [String] {
        let own = link("\(proc)/thread-self/ns/net")
        var found: Set<String> = []
        for process in processes(proc) {
            guard let bytes = try? HostFile.read("\(proc)/\(process)/comm") else { continue } // It has ended.
            let name = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            guard names.contains(name), !found.contains(name) else { continue }
            if let own, let theirs = link("\(proc)/\(process)/ns/net"), theirs != own { continue }
            found.insert(name)
        }
        return found.sorted()
    }

    /// The numbers in a folder such as /proc, ascending as the kernel lists them.
    private static func processes(_ proc: String) -> [Int32] {
        // Safe because the stream is used by this call only, and each entry is read before the next one is asked for.
        guard let stream = unsafe opendir(proc) else { return [] }
        defer { _ = unsafe closedir(stream) }
        var numbers: [Int32] = []
        while numbers.count < processesMaximum, let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if let number = Int32(name) { numbers.append(number) }
        }
        return numbers
    }

    /// What a link says; `nil` where it cannot be read.
    private static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: textByteMaximum)
        // Safe because the path lives for the call, which writes at most the buffer's count.
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            let text = unsafe buffer.assumingMemoryBound(to: CChar.self)
            guard let start = text.baseAddress else { return -1 }
            return unsafe readlink(path, start, text.count)
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
