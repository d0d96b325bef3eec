package com.llamars

import android.app.Application
import com.facebook.react.bridge.ReactApplicationContext
import com.facebook.react.module.annotations.ReactModule
import com.llamars.port.PortException
import kotlin.concurrent.thread

/**
 * The three members of the port for React Native, over the native library. Each JavaScript runtime has its own module;
 * all of them use the process's manager. Translates, and decides nothing. Has the same functions, in the same order, as
 * `LlamaImpl.swift`.
 */
@ReactModule(name = NativeLlamaRsSpec.NAME)
internal open class LlamaModule(context: ReactApplicationContext) : NativeLlamaRsSpec(context) {
  private val client = AppManager.of(context.applicationContext as Application).manager.connect()
  private var isPumping = false
  private var isValid = true

  /** Guards `isPumping` and `isValid`. Held for one emit at a time. */
  internal val lock = Any()

  /** Returns the state now, as JSON of a `Snapshot`. */
  override fun snapshot(): String {
    startPump()
    return client.snapshot()
  }

  /** Sends a command, as JSON of an `Envelope`. Never throws: a refusal is an event. */
  override fun send(command: String) {
    startPump()
    client.send(command)
  }

  // The pump starts with the first call from JavaScript. Before JavaScript has the module, React Native's emitter is
  // empty, and calling it crashes.
  private fun startPump() {
    synchronized(lock) {
      if (isPumping) return
      isPumping = true
    }
    thread(isDaemon = true, name = "llama-events") { pump() }
  }

  private fun pump() {
    while (true) onEvents(nextBatch() ?: return)
  }

  /** Waits for the next batch. Returns null once the client has ended. */
  private fun nextBatch(): String? {
    while (true) {
      try {
        client.nextEvents(UInt.MAX_VALUE)?.let { return it }
      } catch (_: PortException) {
        return null
      }
    }
  }

  private fun onEvents(batch: String) {
    // `invalidate` takes the same lock: after it has returned, no emit starts and none is running.
    synchronized(lock) { if (isValid) emit(batch) }
  }

  /** Hands a batch to JavaScript. Open because tests on a device have no JavaScript. */
  internal open fun emit(batch: String) = emitOnEvents(batch)

  /**
   * Ends the connection, when the JavaScript runtime ends. Nothing is emitted afterwards. Waits only for a running
   * emit; the pump ends by itself. Models, conversations and generations stay.
   */
  override fun invalidate() {
    synchronized(lock) { isValid = false }
    client.end()
    super.invalidate()
  }
}
