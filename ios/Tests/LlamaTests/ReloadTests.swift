import XCTest

@testable import LlamaRs

final class ReloadTests: Case {
  func test_an_answer_goes_on_for_the_next_module_and_its_model_stays_loaded() throws {
    let generation = javaScript.generate("ann", "hello", options: endless)
    let before = try javaScript.beginning(of: generation)
    javaScript.module.invalidate()

    let next = JavaScript(manager)
    let snapshot = next.snapshot
    let found = try XCTUnwrap(snapshot["generations"].list.first)
    XCTAssertEqual(found["id"].text, generation)
    XCTAssertTrue(found["text"].text!.hasPrefix(before))
    XCTAssertEqual(snapshot["models"].list.map(\.["status"]["type"].text), ["ready"])
    try next.beginning(of: generation)
    try next.ask(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    XCTAssertEqual(next.snapshot["models"].list.map(\.["loads"].number), [1])
    next.module.invalidate()
  }

  func test_the_leases_of_the_module_before_run_out() throws {
    let acquired = try javaScript.ask(
      #"{ "type": "acquire", "leaseId": "tab", "debugLabel": "Tab", "model": \#(tinyModel) }"#
    )
    XCTAssertEqual(acquired["type"].text, "done")
    javaScript.module.invalidate()
    let next = JavaScript(manager)
    XCTAssertEqual(next.snapshot["models"].list.map(\.["leases"].list.count), [1])
    // The lease ends after ten seconds.
    let left = try next.event { $0["model"]["leases"] == .list([]) }
    XCTAssertEqual(left["model"]["status"]["type"].text, "idle")
    next.module.invalidate()
  }

  func test_a_module_that_is_invalid_takes_everything_and_answers_nothing() throws {
    try javaScript.ask(#"{ "type": "readLog" }"#)
    javaScript.module.invalidate()
    javaScript.module.invalidate()
    XCTAssertEqual(javaScript.snapshot["epoch"].text, "closed")
    javaScript.send(#"{ "type": "readLog" }"#)
  }

  #if os(Linux)
    func test_nothing_is_emitted_after_an_invalidation_during_a_load() throws {
      let gate = GatedModel()
      let generation = javaScript.generate("ann", "my name is alice", model: gate.model)
      _ = try javaScript.event { $0["model"]["status"]["type"].text == "loading" }
      gate.waitForVisitor()
      javaScript.module.invalidate()
      let heard = javaScript.events.count

      let next = JavaScript(manager)
      _ = next.snapshot
      gate.open()
      XCTAssertEqual(try next.outcome(of: generation)["reason"].text, "stop")
      XCTAssertEqual(javaScript.events.count, heard)
      next.module.invalidate()
    }
  #endif

  func test_nothing_is_emitted_after_an_invalidation_during_a_decode() throws {
    let generation = javaScript.generate("ann", "hello", options: endless)
    try javaScript.beginning(of: generation)
    javaScript.module.invalidate()
    let heard = javaScript.events.count

    let next = JavaScript(manager)
    _ = next.snapshot
    try next.beginning(of: generation)
    try next.ask(#"{ "type": "cancel", "generationId": "\#(generation)" }"#)
    XCTAssertEqual(javaScript.events.count, heard)
    next.module.invalidate()
  }

  func test_an_invalidation_waits_for_the_emit_that_runs() throws {
    let emitting = DispatchSemaphore(value: 0)
    let goOn = DispatchSemaphore(value: 0)
    let slow = JavaScript(manager) { _ in
      emitting.signal()
      goOn.wait()
    }
    slow.send(#"{ "type": "readLog" }"#)
    emitting.wait()
    let invalidated = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      slow.module.invalidate()
      XCTAssertEqual(slow.events.count, 1)
      invalidated.signal()
    }
    // The invalidation does not return before the emit has.
    XCTAssertEqual(invalidated.wait(timeout: .now() + 0.05), .timedOut)
    goOn.signal()
    XCTAssertEqual(invalidated.wait(timeout: .now() + 20), .success)
  }

  func test_five_hundred_reloads_leave_no_thread_and_no_native_memory() throws {
    try reload(times: 200)
    let threads = Measured.threads()
    let bytes = Measured.dirtyBytes()
    try reload(times: 500)
    // A thread ends a little later than its module.
    until { Measured.threads() <= threads }
    XCTAssertLessThan(Measured.dirtyBytes() - bytes, 1_000_000)
  }

  private func reload(times: Int) throws {
    var modules: [Weak] = []
    for _ in 1...times {
      let next = JavaScript(manager)
      _ = next.snapshot
      try next.ask(#"{ "type": "readLog" }"#)
      modules.append(Weak(module: next.module))
      next.module.invalidate()
    }
    // A pump keeps its module alive until it ends.
    until { modules.allSatisfy { $0.module == nil } }
  }

  private func until(_ isTrue: () -> Bool) {
    let deadline = Date(timeIntervalSinceNow: 20)
    while !isTrue(), Date() < deadline { sched_yield() }
    XCTAssertTrue(isTrue())
  }

  private struct Weak {
    weak var module: LlamaImpl?
  }
}
