package com.llamars

import android.app.ActivityManager
import android.content.ComponentCallbacks2
import android.content.ComponentCallbacks2.TRIM_MEMORY_BACKGROUND
import android.content.ComponentCallbacks2.TRIM_MEMORY_COMPLETE
import android.content.ComponentCallbacks2.TRIM_MEMORY_RUNNING_CRITICAL
import android.content.ComponentCallbacks2.TRIM_MEMORY_RUNNING_LOW
import android.content.ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN
import android.content.res.Configuration
import com.llamars.port.ModelManager
import kotlin.concurrent.thread

/**
 * Has the manager trim when the system is short of memory. Current Android rarely reports that to an app in the
 * foreground, so this class also polls the system, at most four times a second, while the manager sends events.
 */
internal class MemoryPressure(private val manager: ModelManager, private val system: ActivityManager) :
  ComponentCallbacks2 {
  private var last = Shortage.NONE

  /** The severity of a shortage, as a level of `trim`. */
  private enum class Shortage(val level: String?) {
    NONE(null),
    MODERATE("moderate"),
    CRITICAL("critical"),
  }

  init {
    thread(isDaemon = true, name = "llama-memory") { watch() }
  }

  // Each batch of events allows one poll: an app that neither loads nor generates is not woken.
  private fun watch() {
    val client = manager.connect()
    while (true) {
      client.nextEvents(UInt.MAX_VALUE)
      poll()
      Thread.sleep(PAUSE_MS)
    }
  }

  // Trims once each time the shortage gets worse, because a trim takes longer than the next poll.
  private fun poll() {
    val memory = ActivityManager.MemoryInfo()
    system.getMemoryInfo(memory)
    val shortage = shortage(memory)
    if (shortage > last) trim(shortage)
    last = shortage
  }

  // Below its threshold the system kills apps in the background, and far below it the app in the foreground.
  private fun shortage(memory: ActivityManager.MemoryInfo): Shortage =
    when {
      memory.availMem >= memory.threshold -> Shortage.NONE
      memory.availMem >= memory.threshold / 2 -> Shortage.MODERATE
      else -> Shortage.CRITICAL
    }

  @Suppress("DEPRECATION") // Most levels are deprecated: only systems before Android 14 report them.
  override fun onTrimMemory(level: Int) =
    trim(
      when {
        level >= TRIM_MEMORY_COMPLETE -> Shortage.CRITICAL
        level >= TRIM_MEMORY_BACKGROUND -> Shortage.MODERATE
        // The app went to the background, which Lifecycle handles.
        level >= TRIM_MEMORY_UI_HIDDEN -> Shortage.NONE
        level >= TRIM_MEMORY_RUNNING_CRITICAL -> Shortage.CRITICAL
        level >= TRIM_MEMORY_RUNNING_LOW -> Shortage.MODERATE
        else -> Shortage.NONE
      }
    )

  @Deprecated("By Android, which prefers onTrimMemory")
  override fun onLowMemory() = trim(Shortage.CRITICAL)

  override fun onConfigurationChanged(configuration: Configuration) = Unit

  private fun trim(shortage: Shortage) {
    val level = shortage.level ?: return
    manager.ask("""{ "requestId": "memory", "type": "trim", "level": "$level" }""").close()
  }

  private companion object {
    const val PAUSE_MS = 250L
  }
}
