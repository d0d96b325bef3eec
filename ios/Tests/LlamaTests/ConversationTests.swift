import XCTest

final class ConversationTests: Case {
  func test_two_conversations_remember_each_its_own_name() throws {
    _ = try javaScript.say("ann", "my name is alice")
    _ = try javaScript.say("bob", "my name is bob")
    XCTAssertEqual(try javaScript.say("ann", "what is my name"), "Your name is alice.")
    XCTAssertEqual(try javaScript.say("bob", "what is my name"), "Your name is bob.")
  }

  func test_events_come_in_the_order_of_their_numbers_and_without_a_gap() throws {
    let first = javaScript.snapshot["seq"].number ?? -1
    _ = try javaScript.say("ann", "my name is alice")
    try javaScript.ask(#"{ "type": "deleteScope", "scope": "ann" }"#)
    let numbers = javaScript.events.compactMap(\.["seq"].number)
    XCTAssertGreaterThan(numbers.count, 10)
    XCTAssertEqual(numbers, numbers.indices.map { first + 1 + Double($0) })
  }

  func test_nothing_comes_before_javascript_has_asked() throws {
    let silent = JavaScript(manager)
    _ = try javaScript.say("ann", "my name is alice")
    XCTAssertEqual(silent.events, [])
    _ = silent.snapshot
    XCTAssertEqual(try silent.event { $0["type"].text == "transcriptChanged" }["scope"].text, "ann")
    silent.module.invalidate()
  }

  func test_a_command_is_answered_without_a_snapshot_before_it() throws {
    let watching = JavaScript(manager)
    _ = watching.snapshot
    javaScript.send(#"{ "type": "suspend", "deadlineMs": 0 }"#)
    _ = try watching.event { $0["type"].text == "suspensionChanged" }
    _ = try javaScript.event { $0["type"].text == "suspensionChanged" }
    watching.module.invalidate()
  }

  func test_however_often_javascript_asks_one_thread_hears_the_events() throws {
    try javaScript.ask(#"{ "type": "readLog" }"#)
    let threads = Measured.threads()
    for _ in 1...10 {
      _ = javaScript.snapshot
      try javaScript.ask(#"{ "type": "readLog" }"#)
    }
    XCTAssertEqual(Measured.threads(), threads)
  }
}
