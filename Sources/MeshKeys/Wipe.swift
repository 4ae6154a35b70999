internal import CLinux

/// Overwrites a buffer that held secret bytes, in a way that the compiler may not drop.
public func wipe(_ bytes: inout [UInt8]) {
    // Safe because the pointer and the count are those of the array, for the time of the call.
    unsafe bytes.withUnsafeMutableBytes { unsafe testudo_wipe($0.baseAddress, $0.count) }
}
