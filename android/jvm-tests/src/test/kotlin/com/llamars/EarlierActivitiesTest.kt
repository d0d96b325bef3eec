package com.llamars

import android.app.Activity
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Activities that a test on a device cannot make: started before the module existed, or about to be recreated. */
class EarlierActivitiesTest {
  private val javaScript = JavaScript()
  private val before = Host.activity()
  private val above = Host.activity()

  @AfterEach fun end() = javaScript.end()

  private val isSuspended: Boolean
    get() {
      javaScript.settle()
      return javaScript.snapshot.getBoolean("suspended")
    }

  @Test
  fun one_that_is_covered_for_a_while_counts_as_shown() {
    Host.pause(before)
    Host.start(above)
    Host.stop(above)
    assertFalse(isSuspended)
    Host.stop(before)
    assertTrue(isSuspended)
  }

  @Test
  fun one_that_was_covered_and_comes_back_counts_as_shown() {
    Host.start(above)
    Host.resume(before)
    Host.stop(above)
    assertFalse(isSuspended)
    Host.stop(before)
    assertTrue(isSuspended)
  }

  @Test
  fun one_that_is_made_anew_is_no_background() {
    Host.start(above)
    Activity::class.java.getDeclaredField("mChangingConfigurations").apply { isAccessible = true }.set(above, true)
    Host.stop(above)
    assertFalse(isSuspended)
  }
}
