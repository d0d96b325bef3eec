package com.llamars

import android.content.ComponentCallbacks2.TRIM_MEMORY_BACKGROUND
import android.content.ComponentCallbacks2.TRIM_MEMORY_COMPLETE
import android.content.ComponentCallbacks2.TRIM_MEMORY_MODERATE
import android.content.ComponentCallbacks2.TRIM_MEMORY_RUNNING_CRITICAL
import android.content.ComponentCallbacks2.TRIM_MEMORY_RUNNING_LOW
import android.content.ComponentCallbacks2.TRIM_MEMORY_RUNNING_MODERATE
import android.content.ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN
import android.content.res.Configuration
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals

@Suppress("DEPRECATION") // Systems before Android 14 report these levels.
class MemoryPressureTest {
  private val javaScript = JavaScript()
  private val models = HeldModels(javaScript)

  @AfterTest fun end() = javaScript.end()

  @Test
  fun what_the_system_says_of_memory_is_a_level_of_trim() {
    val levels =
      mapOf(
        TRIM_MEMORY_RUNNING_MODERATE to null,
        TRIM_MEMORY_RUNNING_LOW to "moderate",
        TRIM_MEMORY_RUNNING_CRITICAL to "critical",
        TRIM_MEMORY_UI_HIDDEN to null,
        TRIM_MEMORY_BACKGROUND to "moderate",
        TRIM_MEMORY_MODERATE to "moderate",
        TRIM_MEMORY_COMPLETE to "critical",
      )
    for ((said, expected) in levels) {
      models.load()
      Host.application.onTrimMemory(said)
      assertEquals(expected, models.trimmed(), "$said")
    }
  }

  @Test
  fun a_system_that_is_out_of_memory_asks_for_the_most() {
    models.load()
    Host.application.onLowMemory()
    assertEquals("critical", models.trimmed())
  }

  @Test
  fun a_turned_screen_is_no_shortage() {
    models.load()
    Host.application.onConfigurationChanged(Configuration())
    assertEquals(null, models.trimmed())
  }
}
