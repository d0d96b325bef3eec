package com.llamars

import com.llamars.JavaScript.Companion.ENDLESS
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class SuspendTest {
  private val javaScript = JavaScript()

  @AfterTest fun end() = javaScript.end()

  @Test
  fun an_answer_stops_at_a_suspension_and_goes_on_after_it() {
    val generation = javaScript.generate(unique("scope"), "my name is alice", options = ENDLESS)
    javaScript.event { it.isText(generation) }
    javaScript.ask("""{ "type": "suspend", "deadlineMs": 0 }""")
    assertTrue(javaScript.snapshot.getBoolean("suspended"))
    val text = textOf(generation)
    javaScript.settle()
    assertEquals(text, textOf(generation))
    javaScript.ask("""{ "type": "resume" }""")
    assertFalse(javaScript.snapshot.getBoolean("suspended"))
    javaScript.event { it.isText(generation) && it.getInt("offset") >= text.length }
    javaScript.ask("""{ "type": "cancel", "generationId": "$generation" }""")
    assertTrue(textOf(generation).startsWith(text))
  }

  private fun textOf(generation: String): String =
    javaScript.snapshot
      .getJSONArray("generations")
      .objects()
      .single { it.getString("id") == generation }
      .getString("text")
}
