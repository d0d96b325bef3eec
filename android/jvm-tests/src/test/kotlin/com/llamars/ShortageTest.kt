package com.llamars

import android.app.ActivityManager
import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Test

/** Tests the polls of `MemoryPressure`, where the system reports nothing. */
class ShortageTest {
  private val javaScript = JavaScript()
  private val models = HeldModels(javaScript)

  @AfterEach
  fun end() {
    say(PLENTY)
    javaScript.end()
  }

  @Test
  fun a_shortage_is_found_while_something_happens() {
    models.load()
    say(THRESHOLD - 1)
    assertEquals("moderate", models.trimmed())
  }

  @Test
  fun a_great_shortage_asks_for_the_most() {
    models.load()
    say(THRESHOLD / 2 - 1)
    assertEquals("critical", models.trimmed())
  }

  @Test
  fun at_the_threshold_there_is_none() {
    models.load()
    say(THRESHOLD)
    assertEquals(null, models.trimmed())
  }

  @Test
  fun a_shortage_is_told_once_until_it_grows_or_ends() {
    models.load()
    say(THRESHOLD - 1)
    assertEquals("moderate", models.trimmed())
    models.load()
    say(THRESHOLD - 2)
    assertEquals(null, models.trimmed())
    say(THRESHOLD / 2)
    assertEquals(null, models.trimmed())
    say(THRESHOLD / 2 - 1)
    assertEquals("critical", models.trimmed())
    say(THRESHOLD)
    models.load()
    say(THRESHOLD - 1)
    assertEquals("moderate", models.trimmed())
  }

  @Test
  fun an_app_that_does_nothing_wakes_nobody() {
    awaitThread("llama-memory", "nextEvents")
  }

  @Test
  fun an_app_that_does_much_does_not_ask_each_time() {
    javaScript.send("""{ "type": "recordMount", "debugLabel": "test", "path": "x", "mount": "mounted" }""")
    awaitThread("llama-memory", "sleep")
  }

  /**
   * Sets the free memory, and returns after three polls: the first may have been running before, and the trim of the
   * second has been sent when the third comes.
   */
  private fun say(availableBytes: Long) {
    SystemServer.memory =
      ActivityManager.MemoryInfo().also {
        it.availMem = availableBytes
        it.threshold = THRESHOLD
      }
    SystemServer.asked.clear()
    repeat(3) {
      javaScript.ask("""{ "type": "recordMount", "debugLabel": "test", "path": "x", "mount": "mounted" }""")
      assertNotNull(SystemServer.asked.poll(PATIENCE_MS, TimeUnit.MILLISECONDS))
    }
  }

  private companion object {
    const val THRESHOLD = 1L shl 30
    const val PLENTY = 4L shl 30
  }
}
