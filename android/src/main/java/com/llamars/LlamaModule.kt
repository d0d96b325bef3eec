package com.llamars

import android.app.Application
import com.facebook.react.bridge.ReactApplicationContext
import com.facebook.react.module.annotations.ReactModule
import com.llamars.port.PortException
import kotlin.concurrent.thread

/**
 * The port's three members for React Native, over the native library. One per JavaScript runtime; what it speaks to is the
 * process's. Translates, and decides nothing. Same functions, in the same order, as `LlamaImpl.swift`.
 */
@ReactModule(name = NativeLlamaRsSpec.NAME)
internal open class LlamaModule(context: ReactApplicationContext) : NativeLlamaRsSpec(context) {
  private val client = AppManager.of(context.applicationContext as Application).manager.connect()
  private var isPumping = false
  private var isValid = true

  /** Guards the two above. Held for one emit. */
  internal val lock = Any()

  /** The state now, as JSON (`Snapshot`). */
  override fun snapshot(): String {
    startPump()
    return client.snapshot()
  }

  /** Takes a command, as JSON (`Envelope`). Never throws: a refusal is an event. */
  override fun send(command: String) {
    startPump()
    client.send(command)
  }

  // Not before JavaScript has asked for something: until it has the module, React Native's emitter is empty, and calling it
  // is a crash.
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

  /** Waits until something happens. Null once the client has ended. */
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
    // Under the lock that `invalidate` takes: once it has returned, nothing is emitted and nothing is being emitted.
    synchronized(lock) { if (isValid) emit(batch) }
  }

  /** Hands a batch to JavaScript. Open for tests on a device, which have no JavaScript. */
  internal open fun emit(batch: String) = emitOnEvents(batch)

  /**
   * Ends the connection, for a JavaScript runtime that goes. Nothing is emitted afterwards. Waits for the emit that runs,
   * and for nothing else; the pump ends by itself. Models, conversations and generations stay.
   */
  override fun invalidate() {
    synchronized(lock) { isValid = false }
    client.end()
    super.invalidate()
  }
}
