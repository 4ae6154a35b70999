/// Which target may import which module, and why: the layers of ARCHITECTURE.md as a table.
///
/// A target that is not a key may not exist; a module that is not in its row may not be imported.
enum ImportTable {
    /// By target, then by module: the reason.
    static let allowed: [String: [String: String]] = pure.merging(adapters) { first, _ in first }
        .merging(shells) { first, _ in first }

    /// Values in, effects out: these run the same in a test, in a simulation and in production.
    static let pureTargets: Set<String> = ["Fleet", "Ladder", "XFRM", "ONTAP"]

    /// Modules of C or of a large framework, and the one target that imports each.
    static let exclusive: [String: (target: String, instead: String)] = [
        "CZeroMQ": ("ZeroMQ", "use ZeroMQ's Context and Socket"),
        "CMnl": ("Netlink", "use Netlink's socket, or Ports.Kernel"),
        "Hummingbird": ("CoordinatorAPI", "add a route in CoordinatorAPI"),
        "GRDB": ("Store", "go through the journal's port"),
        "SwiftProtobuf": ("BusProtocol", "convert in BusProtocol and pass the vocabulary's types"),
        "Yams": ("testudo-coordinator", "parse the configuration in the main and pass values"),
    ]

    /// The executable that must stay small: full Foundation costs it 50 MiB.
    static let agentMain = "testudo-agent"
    static let fullFoundation: Set<String> = ["Foundation", "FoundationNetworking", "FoundationXML"]

    /// Where full Foundation is allowed, so is its smaller half.
    static func allows(_ module: String, in row: [String: String]) -> Bool {
        row[module] != nil || (module == "FoundationEssentials" && row["Foundation"] != nil)
    }

    private static let vocabulary = "the vocabulary"
    private static let machines = "the machines and their messages"
    private static let kernelModel = "SAs, policies and the plan"
    private static let secrets = "carries a Secret, keeps no copy of its bytes"
    private static let ports = "performs effects through ports"
    private static let logs = "an operator's log"
    private static let lock = "Mutex and Atomic, from the standard library"
    private static let libc = "errno and system calls"
    private static let shims = "the few calls that Glibc's Swift module hides"

    private static let pure: [String: [String: String]] = [
        "Fleet": [:],
        "Ladder": ["Fleet": vocabulary],
        "XFRM": ["Fleet": vocabulary],
        "ONTAP": [:],
    ]

    private static let adapters: [String: [String: String]] = [
        "CLinux": [:],
        "CZeroMQ": [:],
        "CMnl": [:],
        "testudo-traffic": [:],
        "MeshKeys": [
            "Fleet": vocabulary, "CLinux": "explicit_bzero", "Crypto": "X25519, HKDF, SHA-256", "Synchronization": lock,
            "FoundationEssentials": "Crypto's keys and digests are ContiguousBytes, which it declares",
        ],
        "BusProtocol": [
            "Fleet": vocabulary, "Ladder": machines, "SwiftProtobuf": "the wire format",
            "FoundationEssentials": "a bytes field is a Data",
        ],
        "Ports": [
            "Fleet": vocabulary, "Ladder": machines, "XFRM": kernelModel, "MeshKeys": secrets, "Synchronization": lock,
        ],
        "ZeroMQ": [
            "CZeroMQ": "the library it wraps", "MeshKeys": "carries a Secret", "CLinux": shims, "Glibc": libc,
            "Synchronization": lock,
        ],
        "Netlink": [
            "CMnl": "the library it wraps", "CLinux": shims, "Glibc": libc, "Synchronization": lock,
            "Fleet": vocabulary,
            "XFRM": kernelModel, "MeshKeys": secrets, "Ports": "implements Kernel",
        ],
        "Bus": [
            "ZeroMQ": "its transport", "BusProtocol": "its messages", "Ports": "implements both ends of the bus",
            "Fleet": vocabulary, "Ladder": machines, "Logging": logs, "Synchronization": lock,
        ],
        "LinuxHost": [
            "Ports": "implements the clock, the agent's record and the machine's facts", "Fleet": vocabulary,
            "MeshKeys": secrets,
            "CLinux": shims, "Glibc": libc, "Logging": "the one log handler of both mains", "Synchronization": lock,
        ],
        "Probe": [
            "Ports": "implements PathProbe", "Fleet": vocabulary, "CLinux": shims, "Glibc": libc,
            "Synchronization": lock,
        ],
        "Store": [
            "Ports": "implements Journal", "Fleet": vocabulary, "Ladder": machines, "GRDB": "SQLite",
            "Foundation": "GRDB's paths and blobs; the coordinator links it anyway", "Synchronization": lock,
        ],
        "Simulated": [
            "Ports": "implements the ports", "Fleet": vocabulary, "Ladder": machines, "XFRM": kernelModel,
            "MeshKeys": secrets, "Synchronization": lock,
        ],
        "Simulation": [
            "Simulated": "a host's parts", "Ports": "implements the ports", "Fleet": vocabulary, "Ladder": machines,
            "XFRM": kernelModel,
            "MeshKeys": secrets, "Synchronization": lock, "Glibc": "names the thread that a simulation runs on",
        ],
    ]

    private static let shells: [String: [String: String]] = [
        "Coordinator": [
            "Ports": ports, "Fleet": vocabulary, "Ladder": machines, "MeshKeys": "digests of rosters and offer sets",
            "Logging": logs, "Synchronization": lock,
        ],
        "Agent": [
            "Ports": ports, "Fleet": vocabulary, "Ladder": machines, "XFRM": kernelModel, "MeshKeys": "makes offers",
            "Logging": logs, "Synchronization": lock,
        ],
        "CoordinatorAPI": [
            "ONTAP": "the shape of answers", "Fleet": vocabulary, "Ladder": machines, "Coordinator": "what it serves",
            "Ports": "FleetControl", "Hummingbird": "the HTTP server", "HummingbirdTLS": "HTTPS",
            "HTTPTypes": "Hummingbird's methods and statuses", "NIOCore": "Hummingbird's bodies",
            "NIOSSL": "HTTPS contexts", "NIOPosix": "a thread pool for password hashes",
            "HummingbirdCore": "requests and responses as its responder takes them", "NIOHTTPTypes": "request parts",
            "X509": "makes its own CA", "SwiftASN1": "writes certificates as PEM",
            "Crypto": "certificate keys, password hashes", "CryptoExtras": "password hashes",
            "_CryptoExtras": "password hashes", "Logging": logs, "Synchronization": lock, "Glibc": libc,
            "Foundation": "dates of certificates, files; the server links it anyway",
        ],
        "testudo": [
            "ONTAP": "reads JSON as the server writes it", "LinuxHost": "asks for a password",
            "AsyncHTTPClient": "HTTPS", "NIOCore": "its bodies",
            "NIOHTTP1": "its methods and statuses", "NIOSSL": "which authority is trusted", "ArgumentParser": "flags",
            "Glibc": libc, "Foundation": "files, URLs and JSON; no agent runs beside it",
        ],
        "testudo-coordinator": [
            "Bus": "wires it", "Store": "wires it", "Coordinator": "wires it", "CoordinatorAPI": "wires it",
            "ZeroMQ": "makes CURVE keys", "Ports": "wires it", "Fleet": vocabulary, "Ladder": machines,
            "MeshKeys": "identity keys", "LinuxHost": "files and the clock", "Glibc": libc, "ArgumentParser": "flags",
            "Yams": "its configuration file", "ServiceLifecycle": "lifetimes", "UnixSignals": "signals",
            "Logging": logs,
            "Foundation": "files; the coordinator links it anyway", "Synchronization": lock,
        ],
        "testudo-simulate": [
            "Simulation": "the world", "Coordinator": "simulates it", "Agent": "simulates it", "Ports": "wires it",
            "Fleet": vocabulary, "Ladder": machines, "MeshKeys": "identity keys", "ArgumentParser": "flags",
            "Logging": logs, "Foundation": "child processes; it never runs on a host", "Dispatch": "waits for them",
            "Synchronization": lock,
        ],
        "testudo-swarm": [
            "Coordinator": "runs it", "CoordinatorAPI": "runs it", "Agent": "runs it", "Bus": "wires it",
            "BusProtocol": "agents of a large fleet share a thread", "Store": "wires it",
            "Simulated": "kernels in memory", "ZeroMQ": "makes CURVE keys", "Ports": "wires it", "Fleet": vocabulary,
            "Ladder": machines, "MeshKeys": "identity keys", "LinuxHost": "the clock", "ArgumentParser": "flags",
            "Logging": logs, "Foundation": "its folder; it never runs on a host", "Synchronization": lock,
        ],
        "testudo-measure": [
            "BusProtocol": "measured", "Store": "measured", "Netlink": "measured", "Ports": "the journal's entries",
            "Fleet": vocabulary, "Ladder": machines, "XFRM": kernelModel, "MeshKeys": "measured",
            "ArgumentParser": "flags", "Foundation": "its folder; it never runs on a host",
        ],
        "testudo-agent": [
            "Bus": "wires it", "Netlink": "wires it", "Probe": "wires it", "Simulated": "--kernel simulated",
            "Agent": "wires it",
            "ZeroMQ": "makes CURVE keys", "Ports": "wires it", "Fleet": vocabulary, "Ladder": machines,
            "XFRM": kernelModel, "MeshKeys": "identity keys", "LinuxHost": "files and the clock", "Glibc": libc,
            "ArgumentParser": "flags", "Logging": logs, "Synchronization": lock,
        ],
    ]
}
