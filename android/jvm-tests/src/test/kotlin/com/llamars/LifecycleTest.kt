package com.llamars

import com.llamars.JavaScript.Companion.ENDLESS
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class LifecycleTest {
  private val javaScript = JavaScript()

  @AfterEach fun end() = javaScript.end()

  private val isSuspended: Boolean
    get() {
      javaScript.settle()
      return javaScript.snapshot.getBoolean("suspended")
    }

  @Test
  fun an_answer_waits_while_the_app_is_in_the_background() {
    val activity = Host.activity()
    Host.start(activity)
    val generation = javaScript.generate(unique("scope"), "my name is alice", options = ENDLESS)
    javaScript.event { it.isText(generation) }
    Host.pause(activity)
    assertFalse(isSuspended)
    Host.stop(activity)
    javaScript.event { it.getString("type") == "recorded" && it.toString().contains("\"suspended\"") }
    assertTrue(isSuspended)
    val heard = javaScript.events.count { it.isText(generation) }
    Host.start(activity)
    assertFalse(isSuspended)
    javaScript.event { it.isText(generation) && javaScript.events.count { other -> other.isText(generation) } > heard }
    javaScript.ask("""{ "type": "cancel", "generationId": "$generation" }""")
    assertEquals("cancelled", javaScript.outcome(generation))
    Host.stop(activity)
  }

  @Test
  fun scopes_are_saved_on_the_way_to_the_background() {
    val activity = Host.activity()
    val scope = unique("scope")
    Host.start(activity)
    javaScript.say(scope, "my name is alice")
    Host.stop(activity)
    javaScript.event {
      it.getString("type") == "scopeChanged" &&
        it.getJSONObject("scope").run { getString("id") == scope && has("savedAt") }
    }
  }

  @Test
  fun an_app_of_two_activities_is_in_the_background_when_both_are() {
    val (first, second) = Host.activity() to Host.activity()
    Host.start(first)
    Host.start(second)
    Host.stop(first)
    assertFalse(isSuspended)
    Host.stop(second)
    assertTrue(isSuspended)
    Host.start(second)
    assertFalse(isSuspended)
    Host.stop(second)
  }
}
