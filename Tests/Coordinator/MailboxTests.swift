import Ports
import Synchronization
import Testing

@Suite("Mailbox")
struct MailboxTests {
    @Test("What came meanwhile is taken together, in order, and once")
    func together() {
        let mailbox = Mailbox<Int>(maximum: 9)

        mailbox.put([1, 2])
        mailbox.put([])
        mailbox.put([3])

        #expect(mailbox.takeAll().elements == [1, 2, 3])
        #expect(mailbox.takeAll().elements == [])
    }

    @Test("Beyond the maximum the newest are dropped and counted, until the mailbox was emptied")
    func overflow() {
        let mailbox = Mailbox<Int>(maximum: 3)

        #expect(mailbox.put([1, 2]) == 0)
        #expect(mailbox.put([3, 4, 5]) == 2)
        #expect(mailbox.put([6]) == 1)
        #expect(mailbox.takeAll().elements == [1, 2, 3])
        #expect(mailbox.put([7]) == 0)
    }

    @Test("At the end what was left can be taken, and nothing more comes")
    func end() {
        let mailbox = Mailbox<Int>(maximum: 9)
        mailbox.put([1])

        mailbox.finish()

        #expect(mailbox.put([2]) == 1)
        let left = mailbox.takeAll()
        #expect(left.elements == [1])
        #expect(left.isFinished)
    }

    @Test("The consumer is told once for all that it has not taken yet, and of the end")
    func wakes() {
        let mailbox = Mailbox<Int>(maximum: 9)
        let count = Atomic(0)
        func told() -> Int { count.load(ordering: .relaxed) }
        mailbox.put([1])

        mailbox.notify { count.add(1, ordering: .relaxed) }
        #expect(told() == 1)
        mailbox.put([2])
        #expect(told() == 1)
        _ = mailbox.takeAll()
        mailbox.put([])
        #expect(told() == 1)
        mailbox.put([3])
        #expect(told() == 2)
        mailbox.finish()
        #expect(told() == 3)
    }
}
