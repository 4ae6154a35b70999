internal import HummingbirdCore
internal import NIOCore

/// The bounds of what strangers can make the server hold; each says why it is that large.
struct RESTLimits: Hashable, Sendable {
    /// Per listening address. Clients keep a handful; 256 TLS connections cost some 25 MiB.
    var connectionsMaximum = 256
    /// Connections that wait to be accepted, as the kernel rounds it anyway.
    var backlogMaximum = 128
    /// A connection without a request under way, a handshake or a head that never ends. Python's clients keep
    /// sessions open between calls; an answer may take as long as it takes.
    var idleSeconds: Int64 = 60
    /// From a request's head to the end of its body: a megabyte at 280 kbit/s.
    var bodySeconds: Int64 = 30
    /// Answers that wait in front of a client which does not read them, without a byte of progress past the buffer.
    var readSeconds: Int64 = 30
    /// One header field. `Authorization` is the longest of real ones.
    var headerFieldBytesMaximum = 8_192
    /// All header fields of a request.
    var headerBytesMaximum = 16_384
    /// Real clients send about ten.
    var headersMaximum = 64
    /// What is read, and thrown away, of a body that was refused already, before the connection is closed: a client
    /// that sends first and reads afterwards gets to see the refusal.
    var refusedBodyBytesMaximum = 4_194_304

    /// HTTP/1.1 within the limits, without TLS.
    func server() -> HTTPServerBuilder {
        .http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [RequestDeadline(self)], idleTimeout: .seconds(idleSeconds),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: headerFieldBytesMaximum, maxHeaderListSize: headerBytesMaximum,
                    maxHeaderFieldCount: headersMaximum)))
    }
}
