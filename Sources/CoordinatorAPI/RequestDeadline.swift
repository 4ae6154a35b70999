internal import NIOCore
internal import NIOHTTPTypes

/// Closes a connection whose request does not end, in time or in bytes, and one whose answers are not read.
///
/// The idle time-out begins anew with every byte of a body, so a client that trickles one would hold its connection for
/// ever; a body that was refused is still read to its end before the next request; and a client that asks and asks and never
/// reads is not idle.
final class RequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let time: TimeAmount
    private let bytesMaximum: Int
    private let readTime: TimeAmount
    private var alarm: Scheduled<Void>?
    private var readAlarm: Scheduled<Void>?
    private var bytes = 0

    init(_ limits: RESTLimits) {
        time = .seconds(limits.bodySeconds)
        readTime = .seconds(limits.readSeconds)
        bytesMaximum = limits.refusedBodyBytesMaximum
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            bytes = 0
            alarm?.cancel()
            let channel = context.channel
            alarm = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
        case .body(let buffer):
            bytes += buffer.readableBytes
            if bytes > bytesMaximum {
                context.close(promise: nil)
                return
            }
        case .end:
            alarm?.cancel()
            alarm = nil
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readAlarm?.cancel()
        readAlarm = nil
        let channel = context.channel
        if !channel.isWritable {
            readAlarm = context.eventLoop.scheduleTask(in: readTime) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    private func cancel() {
        alarm?.cancel()
        readAlarm?.cancel()
    }
}
