import Ports
import Testing

/// All on one actor: a task that was made runs when the others have let it.
@MainActor
@Suite("Bell")
struct BellTests {
    @MainActor
    final class Waiter {
        let bell: Bell
        private(set) var isWoken = false

        init(_ bell: Bell) { self.bell = bell }

        func wait() async {
            await bell.wait()
            isWoken = true
        }
    }

    private func letOthersRun() async { for _ in 0..<10 { await Task.yield() } }

    @Test("Rings before the wait count once, and who waits is woken", .timeLimit(.minutes(1)))
    func rings() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        await bell.wait()
        let waiter = Waiter(bell)
        let task = Task { await waiter.wait() }

        await letOthersRun()
        #expect(!waiter.isWoken)
        bell.ring()
        await task.value
        #expect(waiter.isWoken)
    }

    @Test("A task that is cancelled waits no more, and does not begin to", .timeLimit(.minutes(1)))
    func cancelled() async {
        let waiter = Waiter(Bell())
        let task = Task { await waiter.wait() }
        await letOthersRun()
        #expect(!waiter.isWoken)

        task.cancel()
        await task.value

        let late = Task { await waiter.wait() }
        late.cancel()
        await late.value
    }
}
