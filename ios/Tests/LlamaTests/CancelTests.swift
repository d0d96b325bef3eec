import XCTest

final class CancelTests: Case {
  #if os(Linux)
    func test_cancel_during_a_load() throws {
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

  func test_cancel_during_a_prefill() throws {
    let words = Array(repeating: "my name is alice", count: 300).joined(separator: " ")
    let generation = javaScript.generate("ann", words)
    try javaScript.phase("prefilling", of: generation)
    javaScript.send(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    XCTAssertEqual(try javaScript.outcome(of: generation)["reason"].text, "cancelled")
    XCTAssertEqual(javaScript.phases(of: generation), ["prefilling", "finished"])
  }

  func test_cancel_during_a_decode() throws {
    let generation = javaScript.generate("ann", "hello", options: endless)
    try javaScript.beginning(of: generation)
    javaScript.send(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    XCTAssertEqual(try javaScript.outcome(of: generation)["reason"].text, "cancelled")
    XCTAssertEqual(javaScript.phases(of: generation), ["prefilling", "decoding", "finished"])
  }
}
