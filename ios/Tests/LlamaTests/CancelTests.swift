import XCTest

final class CancelTests: Case {
  func test_a_queued_generation_is_cancelled() throws {
    let running = javaScript.generate("ann", "hello", options: endless)
    try javaScript.beginning(of: running)
    let queued = javaScript.generate("ann", "hello")
    javaScript.send(#"{ "type": "cancel", "generationId": "\#(queued)" }"#)
    XCTAssertEqual(try javaScript.outcome(of: queued)["reason"].text, "cancelled")
    XCTAssertEqual(javaScript.phases(of: queued), ["finished"])
    try javaScript.ask(#"{ "type": "cancel", "generationId": "\#(running)" }"#)
  }

  #if os(Linux)
    func test_a_generation_is_cancelled_while_its_model_loads() throws {
      let gate = GatedModel()
      let generation = javaScript.generate("ann", "my name is alice", model: gate.model)
      gate.waitForVisitor()
      javaScript.send(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
      javaScript.send(#"{ "type": "unload", "path": "\#(gate.path)" }"#)
      XCTAssertEqual(try javaScript.outcome(of: generation)["reason"].text, "cancelled")
      gate.open()
      _ = try javaScript.event { $0["model"]["status"]["type"].text == "unloaded" }
      XCTAssertEqual(javaScript.phases(of: generation), ["finished"])
      XCTAssertFalse(javaScript.events.contains { $0["model"]["status"]["type"].text == "ready" })
    }
  #endif

  func test_a_prefill_is_cancelled() throws {
    let words = Array(repeating: "my name is alice", count: 300).joined(separator: " ")
    let generation = javaScript.generate("ann", words)
    try javaScript.phase("prefilling", of: generation)
    javaScript.send(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    XCTAssertEqual(try javaScript.outcome(of: generation)["reason"].text, "cancelled")
    XCTAssertEqual(javaScript.phases(of: generation), ["prefilling", "finished"])
  }

  func test_a_decode_is_cancelled() throws {
    let generation = javaScript.generate("ann", "hello", options: endless)
    try javaScript.beginning(of: generation)
    javaScript.send(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    XCTAssertEqual(try javaScript.outcome(of: generation)["reason"].text, "cancelled")
    XCTAssertEqual(javaScript.phases(of: generation), ["prefilling", "decoding", "finished"])
  }
}
