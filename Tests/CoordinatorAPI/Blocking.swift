import Foundation

/// Runs what blocks on a thread of its own: tasks have two on a small machine, and a dispatch queue shares them.
func blocking<Result: Sendable>(_ work: @Sendable @escaping () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try work() }) }
    }
}
