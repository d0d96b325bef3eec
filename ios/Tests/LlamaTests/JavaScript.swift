import Foundation
import XCTest

@testable import LlamaRs

/// Plays a JavaScript runtime to the module: gives commands their ids, and awaits events that have come or will come.
///
/// Unchecked: `heard` changes only under `came`.
final class JavaScript: @unchecked Sendable {
  private(set) var module: LlamaImpl!
  private let came = NSCondition()
  private var heard: [JSON] = []
  /// Called with each batch, on the thread that emits it, before its events can be awaited.
  private let onBatch: @Sendable (JSON) -> Void

  /// Without a manager, connects to the process's own, as an app does.
  init(_ manager: ModelManager? = nil, onBatch: @escaping @Sendable (JSON) -> Void = { _ in }) {
    self.onBatch = onBatch
    let emit: @Sendable (String) -> Void = { [unowned self] in hear($0) }
    module = manager.map { LlamaImpl(manager: $0, emit: emit) } ?? LlamaImpl(emit: emit)
  }

  /// All events so far, in the order in which they came.
  var events: [JSON] {
    came.withLock { heard }
  }

  var snapshot: JSON {
    try! JSON(module.snapshot())
  }

  /// Sends a command, given as JSON without its `requestId`. Returns that id.
  @discardableResult
  func send(_ command: String) -> String {
    let requestId = unique("request")
    module.send(#"{ "requestId": "\#(requestId)", "# + command.dropFirst())
    return requestId
  }

  /// Sends a command and returns its `done`, `failed` or other answer.
  @discardableResult
  func ask(_ command: String) throws -> JSON {
    let requestId = send(command)
    return try event { $0["requestId"].text == requestId }
  }

  /// Returns the first event, past or future, that matches.
  func event(_ matches: (JSON) -> Bool) throws -> JSON {
    let deadline = Date(timeIntervalSinceNow: patience)
    came.lock()
    defer { came.unlock() }
    while true {
      if let found = heard.first(where: matches) { return found }
      guard came.wait(until: deadline) else { throw NoSuchEvent(heard: heard) }
    }
  }

  private func hear(_ batch: String) {
    let batch = try! JSON(batch)
    onBatch(batch)
    came.withLock {
      heard += batch["events"].list
      came.broadcast()
    }
  }
}

struct NoSuchEvent: Error {
  let heard: [JSON]
}

/// Returns an id that no other test uses.
func unique(_ what: String) -> String {
  "\(what)-\(UUID().uuidString)"
}

extension JavaScript {
  /// Starts a turn of `scope`. Returns the generation's id.
  func generate(_ scope: String, _ words: String, model: String = tinyModel, options: String = greedy) -> String {
    let generation = unique("generation")
    send(
      """
      { "type": "generate", "generationId": "\(generation)", "scope": "\(scope)", "model": \(model),
        "append": [{ "role": "user", "content": "\(words)" }], "options": \(options) }
      """
    )
    return generation
  }

  /// Runs a whole turn of `scope`. Returns the answer.
  func say(_ scope: String, _ words: String, model: String = tinyModel) throws -> String {
    let generation = generate(scope, words, model: model)
    let outcome = try outcome(of: generation)
    XCTAssertEqual(outcome["reason"].text, "stop", "\(outcome)")
    return text(of: generation)
  }

  /// Waits until the generation has finished, and returns its outcome.
  func outcome(of generation: String) throws -> JSON {
    try phase("finished", of: generation)["outcome"]
  }

  /// Waits for the first text of the answer, and returns it.
  @discardableResult
  func beginning(of generation: String) throws -> String {
    _ = try event { $0.isText(of: generation) }
    return text(of: generation)
  }

  /// Waits until the generation is in that phase.
  @discardableResult
  func phase(_ type: String, of generation: String) throws -> JSON {
    try event { $0["generationId"].text == generation && $0["phase"]["type"].text == type }["phase"]
  }

  /// Returns the text of the answer so far.
  func text(of generation: String) -> String {
    events
      .filter { $0.isText(of: generation) }
      .compactMap(\.["text"].text)
      .joined()
  }

  /// Returns the phases of the generation, in order, each once.
  func phases(of generation: String) -> [String] {
    events.filter { $0["generationId"].text == generation }.compactMap(\.["phase"]["type"].text).reduce(into: []) {
      if $0.last != $1 { $0.append($1) }
    }
  }
}

extension JSON {
  func isText(of generation: String) -> Bool {
    self["type"].text == "textDelta" && self["generationId"].text == generation
  }
}

/// The tiny chat model, as JSON of a `ModelConfig`.
let tinyModel = #"{ "path": "\#(tinyModelFile.path)", "contextSize": 8192, "threads": 1 }"#
let tinyModelFile = resources.appendingPathComponent("tiny-chat-q8_0.gguf")
/// The files that the tests of every language read.
let contract = resources.appendingPathComponent("contract")
private let resources = Bundle.module.url(forResource: "Files", withExtension: nil)!

/// The greatest number of seconds that an event may take to come.
private let patience = ProcessInfo.processInfo.environment["SWIFT_TESTS_PATIENCE"].flatMap(TimeInterval.init) ?? 60

/// Samples the likeliest tokens, so that the same question gets the same answer.
let greedy = #"{ "temperature": 0 }"#
/// Makes tokens that were seen likelier: the answer repeats itself for half a minute, until the context is full. Cancel
/// it.
let endless = #"{ "temperature": 0, "repeatPenalty": 0.05 }"#
