// swift-tools-version: 6.2
// Measurements of Testudo: a package of its own, so that building the product never builds them.
import PackageDescription

let package = Package(
    name: "testudo-benchmarks",
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0")
    ],
    targets: [
        .executableTarget(
            name: "toggle-report",
            dependencies: [.product(name: "Histogram", package: "hdrhistogram-swift")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
    ]
)
