internal import FoundationEssentials
internal import ONTAP
internal import Ports

/// Changes under way and those that have ended: whoever asked for one may go away and look later.
actor Jobs {
    /// ONTAP keeps a job for so long after its end.
    static let keptSeconds: Int64 = 300
    /// More calls than the coordinator lets wait, and the ended ones of some minutes.
    static let jobsMaximum = 1_024

    private struct Job {
        var record: JobRecord
        var answer: RolloutAnswer?
        var end: ContinuousClock.Instant?
        var waiting: [UInt64: CheckedContinuation<RolloutAnswer?, Never>] = [:]
    }

    private let control: any FleetControl
    private let now: @Sendable () -> ContinuousClock.Instant
    private var jobs: [String: Job] = [:]
    /// Oldest first.
    private var order: [String] = []
    private var waiterCount: UInt64 = 0

    /// - Parameter now: the clock that ended jobs are forgotten by.
    init(control: any FleetControl, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.control = control
        self.now = now
    }

    /// Begins a change and answers the job's UUID; refuses where too many are under way.
    ///
    /// - Parameter description: method and path, as ONTAP describes a job.
    func start(_ request: FleetRequest, of description: String, user: String) throws(APIError) -> String {
        forgetOld()
        if order.count >= Self.jobsMaximum {
            guard let index = order.firstIndex(where: { jobs[$0]?.answer != nil }) else {
                throw .tooManyRequests
            }
            jobs[order.remove(at: index)] = nil
        }
        let uuid = UUID().uuidString.lowercased()
        jobs[uuid] = Job(record: JobRecord(uuid: uuid, description: description, startTime: Self.time()))
        order.append(uuid)
        // It goes on when the client goes away.
        Task { [control] in self.end(uuid, await control.perform(request, requestedBy: user)) }
        return uuid
    }

    /// How a job ended, `nil` where it has not within so many seconds.
    func answer(of uuid: String, within seconds: Int64) async -> RolloutAnswer? {
        guard let job = jobs[uuid] else { return nil }
        if job.answer != nil || seconds == 0 { return job.answer }
        waiterCount += 1
        let waiter = waiterCount
        let patience = Task {
            try await Task.sleep(for: .seconds(seconds))
            giveUp(waiter, on: uuid)
        }
        defer { patience.cancel() }
        return await withCheckedContinuation { jobs[uuid]?.waiting[waiter] = $0 }
    }

    /// The records of all jobs, oldest first; or of one.
    func records(of uuid: String? = nil) -> [JSONObject] {
        forgetOld()
        return (uuid.map { [$0] } ?? order).compactMap { jobs[$0]?.record.json }
    }

    /// Its call was answered with its end.
    func forget(_ uuid: String) {
        jobs[uuid] = nil
        order.removeAll { $0 == uuid }
    }

    private func giveUp(_ waiter: UInt64, on uuid: String) {
        jobs[uuid]?.waiting.removeValue(forKey: waiter)?.resume(returning: nil)
    }

    private func end(_ uuid: String, _ answer: RolloutAnswer) {
        guard var job = jobs[uuid] else { return }
        let waiting = job.waiting
        job.waiting = [:]
        job.answer = answer
        job.end = now()
        job.record.endTime = Self.time()
        job.record.outcome = if case .failed(let failure) = answer { .failure(failure.error.bounded) } else { .success }
        jobs[uuid] = job
        for continuation in waiting.values { continuation.resume(returning: answer) }
    }

    private func forgetOld() {
        let limit = now().advanced(by: .seconds(-Self.keptSeconds))
        let old = order.filter { uuid in jobs[uuid]?.end.map { $0 < limit } ?? false }
        if old.isEmpty { return }
        for uuid in old { jobs[uuid] = nil }
        order.removeAll { jobs[$0] == nil }
    }

    /// ISO 8601, in UTC.
    private static func time() -> String {
        let text = Date.now.formatted(.iso8601)
        return text.hasSuffix("Z") ? text.dropLast() + "+00:00" : text
    }
}
