#if canImport(UIKit)
  import UIKit
  import XCTest

  @testable import LlamaRs

  /// Tests the reactions to the system. The notifications are posted as the system posts them.
  final class SystemTests: Case {
    func test_trim_and_suspend_by_command() throws {
      _ = try javaScript.say("ann", "my name is alice")
      XCTAssertEqual(try javaScript.ask(#"{ "type": "trim", "level": "moderate" }"#)["type"].text, "done")
      XCTAssertEqual(javaScript.snapshot["models"].list.map(\.["status"]["type"].text), ["unloaded"])
      let generation = javaScript.generate("ann", "hello", options: endless)
      try javaScript.beginning(of: generation)
      XCTAssertEqual(try javaScript.ask(#"{ "type": "suspend", "deadlineMs": 0 }"#)["type"].text, "done")
      let stopped = javaScript.text(of: generation)
      try javaScript.ask(#"{ "type": "readLog" }"#)
      XCTAssertEqual(javaScript.text(of: generation), stopped)
      XCTAssertEqual(javaScript.snapshot["suspended"], .bool(true))
      try javaScript.ask(#"{ "type": "resume" }"#)
      _ = try javaScript.event { $0.isText(of: generation) && $0["offset"].number! >= Double(stopped.utf16.count) }
      try javaScript.ask(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    }

    func test_a_memory_warning_unloads_what_is_idle() throws {
      let memoryPressure = MemoryPressure(manager: manager)
      _ = try javaScript.say("ann", "my name is alice")
      post(UIApplication.didReceiveMemoryWarningNotification)
      let unloaded = try javaScript.event { $0["model"]["status"]["type"].text == "unloaded" }
      XCTAssertEqual(unloaded["model"]["loads"].number, 1)
      withExtendedLifetime(memoryPressure) {}
    }

    func test_who_is_let_go_hears_nothing_more() throws {
      _ = MemoryPressure(manager: manager)
      _ = try javaScript.say("ann", "my name is alice")
      post(UIApplication.didReceiveMemoryWarningNotification)
      let records = try javaScript.ask(#"{ "type": "readLog" }"#)["records"].list
      XCTAssertFalse(records.contains { $0["event"]["type"].text == "trimmed" })
    }

    func test_the_background_suspends_and_the_foreground_resumes() throws {
      let lifecycle = Lifecycle(manager: manager)
      let generation = javaScript.generate("ann", "hello", options: endless)
      try javaScript.beginning(of: generation)
      post(UIApplication.didEnterBackgroundNotification)
      try suspensionChanged(to: true)
      post(UIApplication.willEnterForegroundNotification)
      try suspensionChanged(to: false)
      XCTAssertEqual(javaScript.phases(of: generation), ["prefilling", "decoding"])
      try javaScript.ask(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
      withExtendedLifetime(lifecycle) {}
    }

    func test_an_app_that_opted_in_finishes_its_generations_first() throws {
      XCTAssertFalse(Lifecycle.isOptedIn)
      let lifecycle = Lifecycle(manager: manager, finishesGenerations: true)
      let generation = javaScript.generate("ann", "my name is alice")
      try javaScript.phase("prefilling", of: generation)
      post(UIApplication.didEnterBackgroundNotification)
      try suspensionChanged(to: true)
      XCTAssertEqual(try javaScript.outcome(of: generation)["reason"].text, "stop")
      withExtendedLifetime(lifecycle) {}
    }

    #if canImport(Darwin)
      func test_conversations_are_in_no_backup_and_readable_after_the_first_unlock() throws {
        let directory = try ScopeDirectory.make()
        XCTAssertEqual(try directory.resourceValues(forKeys: [.isExcludedFromBackupKey]).isExcludedFromBackup, true)
        #if !targetEnvironment(simulator)
          let attributes = try FileManager.default.attributesOfItem(atPath: directory.path)
          XCTAssertEqual(attributes[.protectionKey] as? FileProtectionType, .completeUntilFirstUserAuthentication)
        #endif
      }
    #endif

    private func suspensionChanged(to suspended: Bool) throws {
      _ = try javaScript.event { $0["type"].text == "suspensionChanged" && $0["suspended"] == .bool(suspended) }
    }

    private func post(_ name: NSNotification.Name) {
      NotificationCenter.default.post(name: name, object: nil)
    }
  }
#endif
