// swift-tools-version: 6.2
// Testudo: IPsec on and off across a fleet, hitless. An arrow between targets only points down this file's lists;
// Tests/Soundness says why each import is allowed.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Generated code is compiled under the language mode alone: its style is its generator's.
let generated: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let certificates: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies, path: "Tests/" + name, exclude: exclude,
        swiftSettings: strict)
}

let package = Package(
    name: "testudo",
    products: [
        .executable(name: "testudo", targets: ["testudo"]),
        .executable(name: "testudo-agent", targets: ["testudo-agent"]),
        .executable(name: "testudo-coordinator", targets: ["testudo-coordinator"]),
        .executable(name: "testudo-measure", targets: ["testudo-measure"]),
        .executable(name: "testudo-simulate", targets: ["testudo-simulate"]),
        .executable(name: "testudo-swarm", targets: ["testudo-swarm"]),
        .executable(name: "testudo-traffic", targets: ["testudo-traffic"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Pure: values in, effects out. No clock, task, log, C or Foundation.
        target("Fleet"),
        target("Ladder", ["Fleet"]),
        target("XFRM", ["Fleet"]),
        target("ONTAP"),
        // C at the rim, each imported in one place.
        .target(name: "CLinux"),
        .systemLibrary(name: "CZeroMQ"),
        .systemLibrary(name: "CMnl"),
        // Keys, messages, ports.
        target("MeshKeys", ["Fleet", "CLinux", crypto]),
        .target(
            name: "BusProtocol", dependencies: ["Fleet", "Ladder", protobuf], exclude: ["testudo.proto"],
            swiftSettings: strict),
        target("Ports", ["Fleet", "Ladder", "XFRM", "MeshKeys"]),
        // Adapters: one outside thing each.
        target("ZeroMQ", ["CZeroMQ", "CLinux", "MeshKeys"]),
        target("Netlink", ["CMnl", "CLinux", "Fleet", "XFRM", "MeshKeys", "Ports"]),
        target("Bus", ["ZeroMQ", "BusProtocol", "Ports", "Fleet", "Ladder", logging]),
        target("Store", ["Ports", "Fleet", "Ladder", sqlite]),
        target("Probe", ["CLinux", "Fleet", "Ports"]),
        // Worlds in memory: one host's parts, for tests and for load without kernels; a whole fleet on a seed.
        target("Simulated", ["Ports", "Fleet", "Ladder", "XFRM", "MeshKeys"]),
        target("Simulation", ["Simulated", "Ports", "Fleet", "Ladder", "XFRM", "MeshKeys"]),
        target("LinuxHost", ["CLinux", "Fleet", "MeshKeys", "Ports", logging]),
        // Shells: actors that perform the machines' effects.
        target("Coordinator", ["Ports", "Fleet", "Ladder", "MeshKeys", logging]),
        target("Agent", ["Ports", "Fleet", "Ladder", "XFRM", "MeshKeys", logging]),
        target(
            "CoordinatorAPI",
            [
                "ONTAP", "Fleet", "Ladder", "Ports", crypto, cryptoExtras, certificates, hummingbird,
                hummingbirdTLS, logging,
            ]),
        // Mains: parse, configure, wire, run.
        .executableTarget(
            name: "testudo-coordinator",
            dependencies: [
                "Bus", "Store", "Coordinator", "CoordinatorAPI", "ZeroMQ", "Ports", "Fleet", "Ladder", "MeshKeys",
                "LinuxHost", arguments, yaml, lifecycle, signals, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "testudo-agent",
            dependencies: [
                "Bus", "Netlink", "Probe", "Simulated", "Agent", "ZeroMQ", "Ports", "Fleet", "Ladder", "XFRM",
                "MeshKeys",
                "LinuxHost",
                arguments, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "testudo-simulate",
            dependencies: [
                "Simulation", "Coordinator", "Agent", "Ports", "Fleet", "Ladder", "MeshKeys", arguments, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "testudo-swarm",
            dependencies: [
                "Coordinator", "CoordinatorAPI", "Agent", "Bus", "BusProtocol", "Store", "Simulated", "ZeroMQ", "Ports",
                "Fleet", "Ladder", "MeshKeys", "LinuxHost", arguments, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "testudo-measure",
            dependencies: [
                "BusProtocol", "Store", "Netlink", "Ports", "Fleet", "Ladder", "XFRM", "MeshKeys", arguments,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "testudo", dependencies: ["LinuxHost", "ONTAP", arguments, httpClient], swiftSettings: strict),
        // The lab's packet counter: a tool of the tests, in C for User-Mode Linux's slow system calls.
        .executableTarget(name: "testudo-traffic", cSettings: [.treatAllWarnings(as: .error)]),
        tests("Ladder", ["Fleet", "Ladder"], exclude: ["Transcripts"]),
        tests(
            "Coordinator",
            [
                "Fleet", "Ladder", "LinuxHost", "MeshKeys", "Ports", "Simulated", "XFRM", "Agent", "Coordinator",
                logging,
            ]),
        tests("XFRM", ["Fleet", "XFRM"]),
        tests("LinuxHost", ["CLinux", "Fleet", "LinuxHost", "MeshKeys", "Ports"]),
        tests("Netlink", ["Fleet", "XFRM", "MeshKeys", "Ports", "Netlink", "CMnl"]),
        tests("KernelContract", ["Fleet", "XFRM", "MeshKeys", "Ports", "Netlink", "Simulated", "CLinux"]),
        tests("Probe", ["Fleet", "Ports", "Probe"]),
        tests("MeshKeys", ["Fleet", "MeshKeys", crypto]),
        tests("BusProtocol", ["Fleet", "Ladder", "BusProtocol", protobuf]),
        tests("ZeroMQ", ["ZeroMQ", "MeshKeys"]),
        tests("Bus", ["Fleet", "Ladder", "Ports", "BusProtocol", "ZeroMQ", "Bus", logging]),
        tests("ONTAP", ["ONTAP"]),
        tests(
            "CoordinatorAPI",
            [
                "Fleet", "Ladder", "Ports", "ONTAP", "CoordinatorAPI", certificates, lifecycle, hummingbird,
                hummingbirdTesting, hummingbirdTLS, logging,
            ]),
        .target(name: "Commands", path: "Tests/Commands", swiftSettings: strict),
        tests("Simulation", ["Commands", "Fleet", "Ports", "XFRM", "Simulation", "testudo-simulate"]),
        tests("Store", ["Fleet", "Ports", "Simulated", "Store", sqlite]),
        tests(
            "Settings",
            ["Agent", "Coordinator", "Fleet", "Ladder", "LinuxHost", "testudo-agent", "testudo-coordinator"]),
        tests("Soundness", []),
        tests("Lab", ["Commands"], exclude: ["clients", "scripts"]),
    ],
    cLanguageStandard: .c11
)
