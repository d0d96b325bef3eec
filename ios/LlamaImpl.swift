import Foundation

/// The three members of the port for React Native, over the native library. Each JavaScript runtime has its own module;
/// all of them use the process's manager. Translates, and decides nothing. Has the same functions, in the same order,
/// as `LlamaModule.kt`.
///
/// Unchecked: `isPumping` and `emit` change only under `lock`, and everything else is constant.
#if canImport(ObjectiveC)
  @objc(LlamaImpl)
  @objcMembers
#endif
public final class LlamaImpl: NSObject, @unchecked Sendable {
  private let client: Client
  private let lock = NSLock()
  private var isPumping = false
  /// Nil once the module is invalid: React Native has then freed the object behind it.
  private var emit: (@Sendable (String) -> Void)?

  /// Connects to the process's manager. `emit` hands a batch of events to JavaScript, on a thread of this module.
  public convenience init(emit: @escaping @Sendable (String) -> Void) {
    self.init(manager: AppManager.shared.manager, emit: emit)
  }

  init(manager: ModelManager, emit: @escaping @Sendable (String) -> Void) {
    client = manager.connect()
    self.emit = emit
  }

  /// Returns the state now, as JSON of a `Snapshot`.
  public func snapshot() -> String {
    startPump()
    return client.snapshot()
  }

  /// Sends a command, as JSON of an `Envelope`. Never throws: a refusal is an event.
  public func send(_ command: String) {
    startPump()
    client.send(command: command)
  }

  // The pump starts with the first call from JavaScript. Before JavaScript has the module, React Native's emitter is
  // empty, and calling it crashes.
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
    // A client that has ended throws, which ends the pump.
    while let batch = try? nextBatch() {
      onEvents(batch)
    }
  }

  /// Waits for the next batch. Throws once the client has ended.
  private func nextBatch() throws -> String {
    while true {
      if let batch = try client.nextEvents(timeoutMs: .max) { return batch }
    }
  }

  private func onEvents(_ batch: String) {
    // `invalidate` takes the same lock: after it has returned, no emit starts and none is running.
    lock.withLock { emit?(batch) }
  }

  /// Ends the connection, when the JavaScript runtime ends. Nothing is emitted afterwards. Waits only for a running
  /// emit; the pump ends by itself. Models, conversations and generations stay.
  public func invalidate() {
    lock.withLock { emit = nil }
    client.end()
  }
}
