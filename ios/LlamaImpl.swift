import Foundation

/// The port's three members for React Native, over the native library. One per JavaScript runtime; what it speaks to is the
/// process's. Translates, and decides nothing. Same functions, in the same order, as `LlamaModule.kt`.
///
/// Unchecked: `isPumping` and `emit` change under `lock`, everything else never.
#if canImport(ObjectiveC)
  @objc(LlamaImpl)
  @objcMembers
#endif
public final class LlamaImpl: NSObject, @unchecked Sendable {
  private let client: Client
  private let lock = NSLock()
  private var isPumping = false
  /// None once the module is invalid: React Native has freed what it leads to.
  private var emit: (@Sendable (String) -> Void)?

  /// A connection to the process's manager. `emit` hands a batch of events to JavaScript, on a thread of this module.
  public convenience init(emit: @escaping @Sendable (String) -> Void) {
    self.init(manager: AppManager.shared.manager, emit: emit)
  }

  init(manager: ModelManager, emit: @escaping @Sendable (String) -> Void) {
    client = manager.connect()
    self.emit = emit
  }

  /// The state now, as JSON (`Snapshot`).
  public func snapshot() -> String {
    startPump()
    return client.snapshot()
  }

  /// Takes a command, as JSON (`Envelope`). Never throws: a refusal is an event.
  public func send(_ command: String) {
    startPump()
    client.send(command: command)
  }

  // Not before JavaScript has asked for something: until it has the module, React Native's emitter is empty, and calling it
  // is a crash.
  private func startPump() {
    let isFirst = lock.withLock {
      defer { isPumping = true }
      return !isPumping
    }
    if !isFirst { return }
    let thread = Thread { self.pump() }
    thread.name = "llama-events"
    thread.start()
  }

  private func pump() {
    // Ends by the error that a client throws once it has ended.
    while let batch = try? nextBatch() {
      onEvents(batch)
    }
  }

  /// Waits until something happens.
  private func nextBatch() throws -> String {
    while true {
      if let batch = try client.nextEvents(timeoutMs: .max) { return batch }
    }
  }

  private func onEvents(_ batch: String) {
    // Under the lock that `invalidate` takes: once it has returned, nothing is emitted and nothing is being emitted.
    lock.withLock { emit?(batch) }
  }

  /// Ends the connection, for a JavaScript runtime that goes. Nothing is emitted afterwards. Waits for the emit that runs,
  /// and for nothing else; the pump ends by itself. Models, conversations and generations stay.
  public func invalidate() {
    lock.withLock { emit = nil }
    client.end()
  }
}
