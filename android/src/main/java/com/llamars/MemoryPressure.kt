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
 * Tells the manager when the system wants memory back. Current Android hardly says so any more while an app is in front,
 * so it is also asked, at most four times a second, as long as something happens in the manager: a load, a generation.
 */
internal class MemoryPressure(private val manager: ModelManager, private val system: ActivityManager) :
  ComponentCallbacks2 {
  private var last = Shortage.NONE

  /** How much is missing, in words of `trim`. */
  private enum class Shortage(val level: String?) {
    NONE(null),
    MODERATE("moderate"),
    CRITICAL("critical"),
  }

  init {
    thread(isDaemon = true, name = "llama-memory") { watch() }
  }

  // Events are the clock: an app that neither loads nor generates is not woken.
  private fun watch() {
    val client = manager.connect()
    while (true) {
      client.nextEvents(UInt.MAX_VALUE)
      ask()
      Thread.sleep(PAUSE_MS)
    }
  }

  // Once each time that it gets worse: giving back takes longer than the next question.
  private fun ask() {
    val memory = ActivityManager.MemoryInfo()
    system.getMemoryInfo(memory)
    val shortage = shortage(memory)
    if (shortage > last) trim(shortage)
    last = shortage
  }

  // Below its threshold the system ends apps in the background; far below it, the one in front.
  private fun shortage(memory: ActivityManager.MemoryInfo): Shortage =
    when {
      memory.availMem >= memory.threshold -> Shortage.NONE
      memory.availMem >= memory.threshold / 2 -> Shortage.MODERATE
      else -> Shortage.CRITICAL
    }

  @Suppress("DEPRECATION") // Most of them: systems before Android 14 say more.
  override fun onTrimMemory(level: Int) =
    trim(
      when {
        level >= TRIM_MEMORY_COMPLETE -> Shortage.CRITICAL
        level >= TRIM_MEMORY_BACKGROUND -> Shortage.MODERATE
        // The app went to the background, which Lifecycle tells.
        level >= TRIM_MEMORY_UI_HIDDEN -> Shortage.NONE
        level >= TRIM_MEMORY_RUNNING_CRITICAL -> Shortage.CRITICAL
        level >= TRIM_MEMORY_RUNNING_LOW -> Shortage.MODERATE
        else -> Shortage.NONE
      }
    )

  @Deprecated("By Android, which says it through onTrimMemory where it can")
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
