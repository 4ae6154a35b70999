internal import Glibc

/// This process's environment variables.
public enum HostEnvironment {
    public static func value(_ name: String) -> String? {
        // Safe because nothing of ours changes the environment; the value is copied at once.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    public static func all() -> [String: String] {
        var values: [String: String] = [:]
        // Safe because environ ends with a null pointer and nothing of ours changes it.
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return values
    }
}
