// swift-tools-version: 6.0
import PackageDescription

// Builds the Swift code of this folder with its tests. An app uses the podspec instead.

// On Linux the library is the one that was built for this machine, and the tests play Apple's systems.
#if os(Linux)
  let library: Target = .systemLibrary(name: "llama_rsFFI", path: "generated/llama_rsFFI")
  let system: [Target] = [.target(name: "UIKit", path: "Tests/UIKit")]
  let systemNames: [Target.Dependency] = ["UIKit"]
#else
  let library: Target = .binaryTarget(name: "llama_rsFFI", path: "llama_rsFFI.xcframework")
  let system: [Target] = []
  let systemNames: [Target.Dependency] = []
#endif

let package = Package(
  name: "LlamaRs",
  platforms: [.iOS("15.1")],
  products: [.library(name: "LlamaRs", targets: ["LlamaRs"])],
  targets: system + [
    library,
    .target(
      name: "LlamaRs",
      dependencies: ["llama_rsFFI"] + systemNames,
      path: ".",
      exclude: ["Tests", "RNLlamaRs.mm", "PrivacyInfo.xcprivacy", "generated/llama_rsFFI"],
      linkerSettings: [.linkedLibrary("llama_rs", .when(platforms: [.linux]))]
    ),
    .testTarget(
      name: "LlamaTests",
      dependencies: ["LlamaRs"] + systemNames,
      path: "Tests/LlamaTests",
      resources: [.copy("Files")]
    ),
  ],
  // An app chooses its own language mode, so scripts/swift-tests.sh tests both.
  swiftLanguageModes: Context.environment["SWIFT_LANGUAGE_MODE"] == "5" ? [.v5] : [.v6]
)
