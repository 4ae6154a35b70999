internal import CLinux
internal import MeshKeys
internal import Ports
internal import XFRM

/// Changes as netlink messages, of which only the last asks to be acknowledged. It holds keys until it is wiped.
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
        indices.reserveCapacity(chunk.count)
        var refusals: [KernelRefusal] = []
        // More than enough costs nothing, for pages that are not written are not there.
        bytes = [UInt8](capacity: chunk.count * Change.messageByteCountMaximum) { output in
            // A Span lends its elements; taking them out of the slice took as long as encoding them.
            let changes = chunk.span
            var last: Int?
            for offset in changes.indices {
                let start = output.count
                let sequence = first + UInt32(indices.count)
                do throws(EncodingError) {
                    let request = Request(sequence: sequence, port: port, isAcknowledged: false)
                    try changes[offset].encode(request, into: &output)
                    indices.append(chunk.startIndex + offset)
                    last = start
                } catch {
                    let kind = changes[offset].change.messageKind
                    refusals.append(KernelRefusal(index: chunk.startIndex + offset, error: KernelError(error, kind)))
                }
            }
            if let last { output.acknowledge(messageAt: last) }
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
    fileprivate func encode(_ request: Request, into output: inout OutputSpan<UInt8>) throws(EncodingError) {
        switch self {
        case .addAssociation(let association, let key):
            try key.withBytes { bytes throws(EncodingError) in
                try association.encode(request, key: bytes, into: &output)
            }
        case .deleteAssociation(let id): try id.encode(.deleteAssociation, request, into: &output)
        case .addPolicy(let policy): try policy.encode(.newPolicy, request, into: &output)
        case .updatePolicy(let policy): try policy.encode(.updatePolicy, request, into: &output)
        case .deletePolicy(let id): try id.encode(.deletePolicy, request, into: &output)
        }
    }
}
