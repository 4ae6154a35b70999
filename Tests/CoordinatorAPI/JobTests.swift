import Foundation
import HTTPTypes
import HummingbirdTesting
import ONTAP
import Ports
import Synchronization
import Testing

@testable import CoordinatorAPI

/// A change that takes longer than its client waits.
@Suite("Jobs")
struct JobTests {
    private static let patch = "/api/security/ipsec"

    private func json(_ response: TestResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.text.utf8)) as? [String: Any])
    }

    /// Asks for a job until it has ended.
    private func end(
        _ href: String, _ client: any TestClientProtocol, _ fixture: ServerFixture
    ) async throws -> [String: Any] {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while ContinuousClock.now < deadline {
            let job = try json(await client.send("GET", href, authorization: fixture.authorization))
            if job["state"] as? String != "running" { return job }
            await Task.yield()
        }
        throw CocoaError(.userCancelled)
    }

    @Test(
        "A change that is not done in time is answered 202 with a job that leads to its end", arguments: [false, true])
    func followed(fails: Bool) async throws {
        let failure = RolloutFailure(
            cause: .enableFailed, reasons: [.init(node: nil, message: "no report within 10 s")])
        let fixture = try ServerFixture(fleet: FakeFleet(failure: fails ? failure : nil))
        fixture.fleet.hold()
        try await fixture.test(.router) { client in
            let response = try await client.send(
                "PATCH", Self.patch + "?return_timeout=0", body: #"{"enabled": true}"#, accept: "application/json",
                authorization: fixture.authorization)

            #expect(response.status == .accepted)
            let job = try #require(try json(response)["job"] as? [String: Any])
            let uuid = try #require(job["uuid"] as? String)
            let href = "/api/cluster/jobs/\(uuid)"
            #expect(response.text.contains("\"href\": \"\(href)\""))
            let running = try json(await client.send("GET", href, authorization: fixture.authorization))
            #expect(running["state"] as? String == "running")
            #expect(running["description"] as? String == "PATCH /api/security/ipsec")
            #expect(running["end_time"] == nil)

            fixture.fleet.release()

            let ended = try await end(href, client, fixture)
            #expect(ended["state"] as? String == (fails ? "failure" : "success"))
            #expect(ended["code"] as? Int == (fails ? 66_256_898 : 0))
            #expect((ended["message"] as? String)?.contains("no report within 10 s") == fails)
            #expect(ended["end_time"] is String)
        }
    }

    @Test("A change that is done in time is answered as before, and leaves no job")
    func inTime() async throws {
        let fixture = try ServerFixture()
        try await fixture.test(.router) { client in
            let response = try await client.send(
                "PATCH", Self.patch + "?return_timeout=120", body: #"{"enabled": true}"#,
                authorization: fixture.authorization)
            #expect(response.status == .ok)
            #expect(response.text == "{}")

            let jobs = try await client.send(
                "GET", "/api/cluster/jobs?fields=description", authorization: fixture.authorization)
            #expect(try json(jobs)["num_records"] as? Int == 0)
        }
    }

    @Test("An ended job is kept for five minutes; one that runs is kept")
    func forgotten() async throws {
        let moment = Mutex(ContinuousClock.now)
        let fleet = FakeFleet()
        let jobs = Jobs(control: fleet) { moment.withLock { $0 } }
        let first = try await jobs.start(.configure(enabled: true, replayWindow: nil), of: "PATCH", user: "admin")
        #expect(await jobs.answer(of: first, within: 120) == .done(rollout: 3))
        fleet.hold()
        let second = try await jobs.start(.configure(enabled: false, replayWindow: nil), of: "PATCH", user: "admin")

        moment.withLock { $0 = $0.advanced(by: .seconds(Jobs.keptSeconds)) }
        #expect(await jobs.records().count == 2)
        moment.withLock { $0 = $0.advanced(by: .seconds(1)) }

        #expect(await jobs.records().map { $0["uuid"] } == [.string(second)])
        fleet.release()
        #expect(await jobs.answer(of: second, within: 120) == .done(rollout: 4))
    }

    @Test("So many jobs and no more: the oldest that has ended makes room, and where none has the call is refused")
    func bounded() async throws {
        let fleet = FakeFleet()
        let jobs = Jobs(control: fleet)
        let change = FleetRequest.configure(enabled: true, replayWindow: nil)
        let first = try await jobs.start(change, of: "PATCH", user: "admin")
        _ = await jobs.answer(of: first, within: 120)
        fleet.hold()
        for _ in 1...Jobs.jobsMaximum { _ = try await jobs.start(change, of: "PATCH", user: "admin") }

        #expect(await jobs.records().count == Jobs.jobsMaximum)
        await #expect(throws: APIError.tooManyRequests) { try await jobs.start(change, of: "PATCH", user: "admin") }
        fleet.release()
    }
}
