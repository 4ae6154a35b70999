internal import MeshKeys
internal import Ports

/// What an agent keeps, and how writing it fails.
struct HostDisk {
    var memory: NodeMemory?
    var isFull = false
    /// Written although the write says that it failed, as where the directory could not be synced.
    var keepsWhenFull = false
}

/// An agent process's way to its host's disk.
final class HostRecord: NodeRecord {
    private let process: Confined<SimulatedProcess>
    private let host: Confined<FleetHost>

    init(_ process: SimulatedProcess, _ host: FleetHost) {
        self.process = Confined(process)
        self.host = Confined(host)
    }

    func load() throws(JournalError) -> NodeMemory? { host.object.disk.memory }

    func save(_ memory: NodeMemory) throws(JournalError) {
        guard process.object.isAlive else { throw JournalError(operation: "save", message: "the process is dead") }
        let disk = host.object.disk
        if !disk.isFull || disk.keepsWhenFull { host.object.disk.memory = memory }
        if disk.isFull { throw JournalError(operation: "save", message: "No space left on device") }
    }
}
