package com.llamars

import android.os.PowerManager.THERMAL_STATUS_CRITICAL
import android.os.PowerManager.THERMAL_STATUS_EMERGENCY
import android.os.PowerManager.THERMAL_STATUS_LIGHT
import android.os.PowerManager.THERMAL_STATUS_MODERATE
import android.os.PowerManager.THERMAL_STATUS_NONE
import android.os.PowerManager.THERMAL_STATUS_SEVERE
import android.os.PowerManager.THERMAL_STATUS_SHUTDOWN
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class HeatTest {
  private val javaScript = JavaScript()

  @AfterEach
  fun end() {
    SystemServer.heat.onStatusChange(THERMAL_STATUS_NONE)
    javaScript.end()
  }

  /** Serious heat leaves two of three threads, and critical heat leaves one. */
  @Test
  fun the_hotter_the_device_the_fewer_threads() {
    val threads =
      mapOf(
        THERMAL_STATUS_NONE to 3,
        THERMAL_STATUS_LIGHT to 3,
        THERMAL_STATUS_MODERATE to 2,
        THERMAL_STATUS_SEVERE to 2,
        THERMAL_STATUS_CRITICAL to 1,
        THERMAL_STATUS_EMERGENCY to 1,
        THERMAL_STATUS_SHUTDOWN to 1,
      )
    for ((status, expected) in threads) {
      val path = Models.path()
      SystemServer.heat.onStatusChange(THERMAL_STATUS_NONE)
      val model = """{ "path": "$path", "threads": 3 }"""
      javaScript.ask("""{ "type": "acquire", "leaseId": "$path", "debugLabel": "test", "model": $model }""")
      SystemServer.heat.onStatusChange(status)
      assertEquals(expected, threads(path), "$status")
    }
  }

  private fun threads(path: String): Int {
    // This is answered when every engine has handled its earlier commands.
    javaScript.ask("""{ "type": "suspend", "deadlineMs": 0 }""")
    javaScript.ask("""{ "type": "resume" }""")
    val model = javaScript.snapshot.getJSONArray("models").objects().single { it.getString("path") == path }
    return model.getJSONObject("status").getJSONObject("info").getInt("threads")
  }
}
