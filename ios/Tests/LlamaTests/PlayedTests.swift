#if os(Linux)
  import UIKit
  import XCTest

  @testable import LlamaRs

  /// Tests that need a played system.
  final class PlayedTests: Case {
    override func setUp() {
      Played.shared.with { $0 = .init() }
      app { $0.backgroundTimeRemaining = 30 }
      _ = AppManager.shared
    }

    /// Calls UIKit on the main thread, where tests run.
    private func app<Result: Sendable>(_ body: @MainActor (UIApplication) -> Result) -> Result {
      MainActor.assumeIsolated { body(.shared) }
    }

    func test_the_app_is_kept_running_until_the_manager_has_suspended() throws {
      let lifecycle = Lifecycle(manager: manager, finishesGenerations: true)
      let generation = javaScript.generate("ann", "hello", options: endless)
      try javaScript.beginning(of: generation)
      post(UIApplication.didEnterBackgroundNotification)
      // The process's own lifecycle suspends too.
      XCTAssertEqual(app { $0.tasks.count }, 2)
      XCTAssertEqual(javaScript.snapshot["suspended"], .bool(false))

      app { $0.tasks.values.forEach { expire in expire() } }
      _ = try javaScript.event { $0["suspended"] == .bool(true) }
      XCTAssertEqual(javaScript.phases(of: generation), ["prefilling", "decoding"])
      untilTasksEnd()
      withExtendedLifetime(lifecycle) {}
    }

    func test_saving_may_take_the_time_that_is_left() throws {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent(unique("scopes"))
      try manager.keepIn(directory: directory.path)
      let lifecycle = Lifecycle(manager: manager)
      _ = try javaScript.say("ann", "my name is alice")
      app { $0.backgroundTimeRemaining = 0 }
      XCTAssertEqual(try savedInBackground(), 0)
      app { $0.backgroundTimeRemaining = .greatestFiniteMagnitude }
      XCTAssertEqual(try savedInBackground(), 1)
      try FileManager.default.removeItem(at: directory)
      withExtendedLifetime(lifecycle) {}
    }

    private func savedInBackground() throws -> Double? {
      post(UIApplication.didEnterBackgroundNotification)
      untilTasksEnd()
      post(UIApplication.willEnterForegroundNotification)
      let records = try javaScript.ask(#"{ "type": "readLog" }"#)["records"].list
      return records.last { $0["event"]["type"].text == "suspended" }?["event"]["savedScopes"].number
    }

    func test_a_hot_device_computes_with_fewer_threads() throws {
      Played.shared.with { $0.thermalState = .serious }
      let lifecycle = Lifecycle(manager: manager)
      let model = #"{ "path": "\#(tinyModelFile.path)", "threads": 4 }"#
      try javaScript.ask(#"{ "type": "acquire", "leaseId": "tab", "debugLabel": "Tab", "model": \#(model) }"#)
      try threadsChanged(to: 2)
      Played.shared.with { $0.thermalState = .critical }
      post(ProcessInfo.thermalStateDidChangeNotification)
      try threadsChanged(to: 1)
      withExtendedLifetime(lifecycle) {}
    }

    private func threadsChanged(to threads: Double) throws {
      _ = try javaScript.event {
        let event = $0["record"]["event"]
        return event["type"].text == "threadsChanged" && event["to"].number == threads
      }
    }

    func test_heat_has_the_words_of_the_port() {
      let words = [ProcessInfo.ThermalState.nominal, .fair, .serious, .critical].map(Lifecycle.word)
      XCTAssertEqual(words, ["nominal", "fair", "serious", "critical"])
    }

    func test_a_picked_file_is_open_from_begin_to_end() throws {
      let bookmark = Data("model".utf8)
      let path = "bookmark:" + bookmark.base64EncodedString()
      Played.shared.with { $0.bookmarks[bookmark] = { tinyModelFile } }
      let files = PickedFiles()
      XCTAssertEqual(try files.begin(path: path), tinyModelFile.path)
      XCTAssertEqual(try files.begin(path: path), tinyModelFile.path)
      XCTAssertEqual(accesses, 2)
      files.end(path: path)
      XCTAssertEqual(accesses, 1)
      files.end(path: path)
      XCTAssertEqual(accesses, 0)
    }

    func test_a_file_that_needs_no_access_gets_none() throws {
      let bookmark = Data("model".utf8)
      let path = "bookmark:" + bookmark.base64EncodedString()
      Played.shared.with { played in
        played.bookmarks[bookmark] = { tinyModelFile }
        played.needsAccess = false
      }
      let files = PickedFiles()
      XCTAssertEqual(try files.begin(path: path), tinyModelFile.path)
      files.end(path: path)
      XCTAssertEqual(accesses, 0)
    }

    private var accesses: Int {
      Played.shared.with { $0.accesses[tinyModelFile.path, default: 0] }
    }

    func test_a_path_is_left_alone() throws {
      XCTAssertNil(try PickedFiles().begin(path: tinyModelFile.path))
    }

    func test_a_picked_file_that_is_gone_is_no_model() throws {
      for path in ["bookmark:Z29uZQ==", "bookmark:not base64"] {
        let generation = javaScript.generate("ann", "hello", model: #"{ "path": "\#(path)" }"#)
        let error = try javaScript.outcome(of: generation)["error"]
        XCTAssertEqual(error["code"].text, "modelNotFound")
        XCTAssertTrue(error["detail"].text!.hasSuffix("- pick it again"), "\(error)")
      }
    }

    func test_an_app_has_one_manager_with_all_of_it() throws {
      let gate = GatedModel()
      gate.open()
      let shared = JavaScript()
      defer { shared.module.invalidate() }
      XCTAssertEqual(try shared.say("ann", "my name is alice", model: gate.model), "Nice to meet you, alice.")
      XCTAssertEqual(try shared.ask(#"{ "type": "save", "scope": "ann" }"#)["type"].text, "done")
      XCTAssertFalse(try FileManager.default.contentsOfDirectory(atPath: ScopeDirectory.make().path).isEmpty)
      let next = JavaScript()
      XCTAssertEqual(next.snapshot["scopes"].list.map(\.["id"].text), ["ann"])
      next.module.invalidate()
      post(UIApplication.didReceiveMemoryWarningNotification)
      _ = try shared.event { $0["model"]["status"]["type"].text == "unloaded" }
      post(UIApplication.didEnterBackgroundNotification)
      _ = try shared.event { $0["suspended"] == .bool(true) }
      post(UIApplication.willEnterForegroundNotification)
      try shared.ask(#"{ "type": "deleteAllScopes" }"#)
      untilTasksEnd()
    }

    func test_without_a_directory_conversations_live_on_in_memory() throws {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent(unique("scopes"))
      try manager.keepIn(directory: directory.path)
      AppManager.keepScopes(of: manager)
      XCTAssertEqual(try javaScript.say("ann", "my name is alice"), "Nice to meet you, alice.")
    }

    private func untilTasksEnd() {
      let deadline = Date(timeIntervalSinceNow: 20)
      while app({ !$0.tasks.isEmpty }), Date() < deadline {
        _ = RunLoop.main.run(mode: .default, before: Date() + 0.01)
      }
      XCTAssertTrue(app { $0.tasks.isEmpty })
    }

    private func post(_ name: NSNotification.Name) {
      NotificationCenter.default.post(name: name, object: nil)
    }
  }
#endif
