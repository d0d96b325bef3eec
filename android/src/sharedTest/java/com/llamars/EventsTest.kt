package com.llamars

import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.json.JSONArray
import org.json.JSONObject

class EventsTest {
  private val javaScript = JavaScript()

  @AfterTest fun end() = javaScript.end()

  @Test
  fun events_come_in_the_order_of_their_numbers_and_without_a_gap() {
    val batches = mutableListOf<JSONObject>()
    javaScript.onBatch = { batches += JSONObject(it) }
    val seen = javaScript.snapshot
    javaScript.say(unique("scope"), "my name is alice")
    assertEquals(setOf(seen.getString("epoch")), batches.map { it.getString("epoch") }.toSet())
    val numbers = javaScript.events.map { it.getLong("seq") }.filter { it > seen.getLong("seq") }
    assertTrue(numbers.isNotEmpty())
    assertEquals((1..numbers.size).map { seen.getLong("seq") + it }, numbers)
  }

  @Test
  fun nothing_is_emitted_before_JavaScript_has_asked() {
    val silent = JavaScript()
    javaScript.say(unique("scope"), "my name is alice")
    assertTrue(silent.events.isEmpty())
    // The first call, of `snapshot` or of `send`, delivers the events that were waiting.
    silent.snapshot
    silent.event { it.getString("type") == "modelChanged" }
    silent.module.invalidate()
  }

  @Test
  fun a_command_is_answered_without_a_snapshot_before_it() {
    assertEquals("done", javaScript.ask("""{ "type": "resume" }""").getString("type"))
  }

  @Test
  fun malformed_and_refused_commands_are_answered_as_the_contract_says() {
    val refusals = JSONArray(Host.contract("refused.json")).objects()
    assertTrue(refusals.isNotEmpty())
    for (refusal in refusals) {
      val before = javaScript.events.size
      javaScript.module.send(refusal.getString("text"))
      val name = refusal.getString("name")
      val answer = javaScript.event { it.optString("type") == "failed" && javaScript.events.indexOf(it) >= before }
      assertEquals(refusal.getString("requestId"), answer.getString("requestId"), name)
      val error = answer.getJSONObject("error")
      assertEquals(refusal.getString("code"), error.getString("code"), name)
      assertTrue(refusal.getString("detail") in error.getString("detail"), name)
    }
  }
}
