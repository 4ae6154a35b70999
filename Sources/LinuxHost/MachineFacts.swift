public import Ports

/// The facts of the machine and network namespace that this process runs in.
///
/// The machine's id is /etc/machine-id alone. It can be read with every privilege, so that a change of it always means
/// another machine; the firmware's product_uuid is root's to read, and an agent that was given fewer rights would take
/// itself for a clone. Linux shows the VM generation id to nobody (drivers/virt/vmgenid.c): a virtual machine's memory
/// that is restored from a snapshot cannot be recognised by a file.
public struct MachineFacts: Host {
    private let root: String

    public init() { root = "" }

    /// - Parameter root: a folder that holds `etc` and `proc`; addresses are the namespace's all the same.
    init(root: String) { self.root = root }

    /// Reads some hundred small files: not on the caller's actor.
    @concurrent
    public func facts() async -> HostFacts { read() }

    /// The facts, as the calling thread's network namespace has them.
    func read() -> HostFacts {
        HostFacts(
            addresses: InterfaceAddresses.global(), machineID: machineID(),
            keyDaemons: KeyDaemons.running(proc: root + "/proc"))
    }

    /// 32 lower-case hexadecimal digits (machine-id(5)); anything else, such as `uninitialized`, is no id.
    private func machineID() -> String {
        guard let bytes = try? HostFile.read(root + "/etc/machine-id") else { return "" }
        let text = String(decoding: bytes, as: UTF8.self)
        let line = text.hasSuffix("\n") ? text.dropLast() : text[...]
        let isID = line.utf8.count == 32 && line.utf8.allSatisfy { Array("0123456789abcdef".utf8).contains($0) }
        return isID && line.contains { $0 != "0" } ? String(line) : ""
    }
}
