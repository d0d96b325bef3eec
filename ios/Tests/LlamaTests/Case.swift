import XCTest

@testable import LlamaRs

/// Gives each test a manager of its own, and JavaScript that is connected to it.
class Case: XCTestCase {
  let manager = ModelManager.own()
  private(set) lazy var javaScript = JavaScript(manager)

  override func tearDown() {
    javaScript.module.invalidate()
    XCTAssertTrue(manager.shutdown(deadlineMs: 20_000))
  }
}
