internal import Fleet
internal import Foundation
internal import MeshKeys
internal import Ports
internal import XFRM

/// One rung's changes in the words of those that ours are held against, and as the very messages that ours sends.
///
/// RUNG.ip has a line for `ip -batch` each. RUNG.recipe has what `benchmarks/netlink/apply.c` reads, addresses being
/// whole hosts and 0 standing for any protocol, port and SPI:
///
///     +p DIRECTION SOURCE DESTINATION PROTOCOL SPORT DPORT PRIORITY SPI REQID     a policy with one ESP template
///     -p DIRECTION SOURCE DESTINATION PROTOCOL SPORT DPORT
///     +s SOURCE DESTINATION SPI REQID WINDOW KEY                                  an SA; its key in hexadecimal
///     -s SOURCE DESTINATION SPI
///
/// RUNG.messages has the messages one after another, numbered from 1, from port 0.
struct NetlinkRecipe {
    private var ip = ""
    private var recipe = ""
    private var messages: [UInt8] = []

    init(_ batch: [KernelChange]) throws {
        for (index, change) in batch.enumerated() {
            var key: [UInt8] = []
            if case .addAssociation(_, let secret) = change {
                secret.withBytes { bytes in key = bytes.indices.map { bytes[$0] } }
            }
            try add(change.change, key: key, sequence: UInt32(index + 1))
        }
    }

    func write(_ rung: Rung, in folder: String) throws {
        let base = URL(filePath: folder, directoryHint: .isDirectory)
        try Data(ip.utf8).write(to: base.appending(path: "\(rung).ip"))
        try Data(recipe.utf8).write(to: base.appending(path: "\(rung).recipe"))
        try Data(messages).write(to: base.appending(path: "\(rung).messages"))
    }

    private mutating func add(_ change: Change, key: [UInt8], sequence: UInt32) throws {
        let digits = key.map { String(format: "%02x", $0) }.joined()
        switch change {
        case .addPolicy(let policy):
            guard case .protect(let template) = policy.action, !template.isOptional else { throw unsayable(change) }
            ip += "xfrm \(change)\n"
            recipe += "+p \(try fields(policy.id, of: change)) \(policy.priority)"
            recipe += " \(template.spi?.rawValue ?? 0) \(template.reqid)\n"
        case .deletePolicy(let id):
            ip += "xfrm \(change)\n"
            recipe += "-p \(try fields(id, of: change))\n"
        case .addAssociation(let association):
            let (id, window) = (association.id, association.replayWindow)
            guard window > 0, association.selector == .pair(from: id.source, to: id.destination) else {
                throw unsayable(change)
            }
            ip += "xfrm state add \(id) reqid \(association.reqid) mode transport replay-window \(window) flag esn"
            ip += " aead 'rfc4106(gcm(aes))' 0x\(digits) 128 sel \(association.selector)\n"
            recipe += "+s \(id.source) \(id.destination) \(id.spi.rawValue) \(association.reqid) \(window) \(digits)\n"
        case .deleteAssociation(let id):
            ip += "xfrm \(change)\n"
            recipe += "-s \(id.source) \(id.destination) \(id.spi.rawValue)\n"
        case .updatePolicy: throw unsayable(change)
        }
        messages += try [UInt8](capacity: change.messageByteCount) { output throws(EncodingError) in
            try change.encode(key: key.span, sequence: sequence, into: &output)
        }
    }

    private func fields(_ id: PolicyID, of change: Change) throws -> String {
        let selector = id.selector
        func port(_ match: PortMatch) throws -> UInt16 {
            guard match == .any || match == .exactly(match.value) else { throw unsayable(change) }
            return match.value
        }
        for prefix in [selector.source, selector.destination]
        where prefix.length != prefix.address.family.hostPrefixLength {
            throw unsayable(change)
        }
        return "\(id.direction) \(selector.source.address) \(selector.destination.address) \(selector.protocolNumber)"
            + " \(try port(selector.sourcePort)) \(try port(selector.destinationPort))"
    }

    private func unsayable(_ change: Change) -> NetlinkMeasureError {
        NetlinkMeasureError("a recipe has no words for: \(change)")
    }
}
