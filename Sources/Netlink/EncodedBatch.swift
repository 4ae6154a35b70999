internal import CLinux
internal import MeshKeys
internal import Ports
internal import XFRM

/// Changes as netlink messages. It holds keys until it is wiped.
struct EncodedBatch {
    private(set) var bytes: [UInt8]
    /// Which change each message makes; a change that cannot be encoded has none.
    let indices: [Int]
    /// The changes that cannot be encoded.
    let refusals: [KernelRefusal]

    /// - Parameters:
    ///   - first: the sequence number of the first message.
    ///   - port: that of the socket which sends it.
    init(_ chunk: ArraySlice<KernelChange>, first: UInt32, port: UInt32) {
        var indices: [Int] = []
        var refusals: [KernelRefusal] = []
        let capacity = chunk.reduce(0) { $0 + $1.change.messageByteCount }
        bytes = [UInt8](capacity: capacity) { output in
            for index in chunk.indices {
                let change = chunk[index].change
                let sequence = first + UInt32(indices.count)
                do throws(EncodingError) {
                    try chunk[index].encode(change, sequence: sequence, port: port, into: &output)
                    indices.append(index)
                } catch {
                    refusals.append(KernelRefusal(index: index, error: KernelError(error, change.messageKind)))
                }
            }
        }
        self.indices = indices
        self.refusals = refusals
    }

    mutating func wipe() {
        // Safe because the array is held here alone, so these are the bytes that were sent and no copy of them.
        unsafe bytes.withUnsafeMutableBytes { unsafe testudo_wipe($0.baseAddress, $0.count) }
    }
}

extension KernelChange {
    fileprivate func encode(
        _ change: Change, sequence: UInt32, port: UInt32, into output: inout OutputSpan<UInt8>
    ) throws(EncodingError) {
        guard case .addAssociation(_, let key) = self else {
            return try change.encode(key: Span(), sequence: sequence, port: port, into: &output)
        }
        try key.withBytes { bytes throws(EncodingError) in
            try change.encode(key: bytes, sequence: sequence, port: port, into: &output)
        }
    }
}
