import Dispatch

/// Runs what blocks on a thread of its own: the few that run tasks would all be taken by it.
func blocking<Result: Sendable>(_ work: @Sendable @escaping () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Swift.Result { try work() }) }
    }
}
