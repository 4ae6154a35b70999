internal import FoundationEssentials
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The certificate and key that handshakes are made with: another one counts from the next handshake on.
final class ServerIdentity: Sendable {
    private struct State {
        var material: TLSMaterial
        var override = NIOSSLContextConfigurationOverride.noChanges
        var complaint = Complaint()
    }

    private let configuration: RESTConfiguration
    private let state: Mutex<State>
    private let logger: Logger

    /// Reads what there is, or makes it at the first start.
    init(_ configuration: RESTConfiguration, logger: Logger) throws(RESTStartError) {
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(material: try TLSMaterial.load(configuration)))
    }

    /// When the certificate ends.
    var end: Date { state.withLock { $0.material.end } }

    /// TLS 1.2 and later, HTTP/1.1 alone.
    func tls() throws(RESTStartError) -> TLSConfiguration {
        var tls = try state.withLock { $0.material }.configuration()
        tls.sslContextCallback = { [self] _, promise in promise.succeed(state.withLock { $0.override }) }
        return tls
    }

    /// Takes up another certificate, and makes one in time where it is our own. What cannot be used changes nothing.
    func reload() {
        do throws(RESTStartError) {
            let material = try TLSMaterial.load(configuration)
            let isSame = state.withLock { state in
                state.complaint.end()
                return state.material == material
            }
            if isSame { return }
            let tls = try material.configuration()
            state.withLock { state in
                state.material = material
                state.override.certificateChain = tls.certificateChain
                state.override.privateKey = tls.privateKey
            }
            logger.notice("another certificate is used from now on", metadata: ["certificate.end": "\(material.end)"])
        } catch {
            if state.withLock({ $0.complaint.isNew("\(error)") }) {
                logger.error("the certificate stays as it is", metadata: ["reason": "\(error)"])
            }
        }
    }
}
