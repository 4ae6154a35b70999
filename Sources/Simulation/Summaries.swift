internal import Fleet
internal import Ladder

// Messages in a few words, for transcripts.

extension CoordinatorMessage {
    var summary: String {
        switch self {
        case .welcome(let welcome): "welcome as \(welcome.number)"
        case .offers(let share): "\(share.offers.count) offers of \(share.version.generation)"
        case .order(let order): "order \(order.stamp): \(order.task.summary)"
        case .heartbeat: "heartbeat"
        case .inquiry(let inquiry): "inquiry \(inquiry.id)"
        }
    }
}

extension Order.Task {
    fileprivate var summary: String {
        guard case .move(let rule, let fresh) = self else { return name }
        return "\(rule)" + (fresh.map { ", set \($0.version.generation)" } ?? "")
    }
}

extension AgentMessage {
    var summary: String {
        switch self {
        case .hello(let hello): "hello, newest \(hello.newest)"
        case .report(let report):
            "report \(report.sequence) on \(report.answering): \(report.verdict), \(report.standing.map { "\($0)" } ?? "unread")"
        case .heartbeat(let beat):
            "heartbeat \(beat.sequence), accepted \(beat.accepted), \(beat.standing.map { "\($0)" } ?? "unread")"
        case .associations(let page): "\(page.pairs.count) of \(page.total) pairs of SAs"
        }
    }
}
