import XCTest

final class RefusalTests: Case {
  func test_malformed_and_refused_commands_are_answered_as_the_contract_says() throws {
    let refused = try JSON(String(contentsOf: contract.appendingPathComponent("refused.json"), encoding: .utf8)).list
    XCTAssertGreaterThan(refused.count, 10)
    for (index, expected) in refused.enumerated() {
      let before = javaScript.events.count
      javaScript.module.send(try XCTUnwrap(expected["text"].text))
      // This command is answered after the refused one.
      try javaScript.ask(#"{ "type": "readLog" }"#)
      let answer = try XCTUnwrap(javaScript.events.dropFirst(before).first)
      XCTAssertEqual(answer["type"].text, "failed", "\(index)")
      XCTAssertEqual(answer["requestId"], expected["requestId"])
      XCTAssertEqual(answer["error"]["code"], expected["code"])
      XCTAssertTrue(answer["error"]["detail"].text!.contains(expected["detail"].text!), "\(answer)")
    }
  }

  func test_a_refused_command_is_answered_by_an_event() throws {
    let answer = try javaScript.ask(#"{ "type": "deleteScope", "scope": "nobody" }"#)
    XCTAssertEqual(answer["type"].text, "failed")
    XCTAssertEqual(answer["error"]["code"].text, "scopeNotFound")
  }
}
