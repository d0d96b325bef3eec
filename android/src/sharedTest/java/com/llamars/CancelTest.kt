package com.llamars

import com.llamars.JavaScript.Companion.ENDLESS
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse

class CancelTest {
  private val javaScript = JavaScript()

  @AfterTest fun end() = javaScript.end()

  @Test
  fun a_queued_generation_is_cancelled() {
    val gate = Models.gated()
    val scope = unique("scope")
    val first = javaScript.generate(scope, "my name is alice", """{ "path": "${gate.path}" }""")
    val second = javaScript.generate(scope, "what is my name", """{ "path": "${gate.path}" }""")
    gate.awaitLoad()
    cancel(second)
    assertEquals("cancelled", javaScript.outcome(second))
    gate.open()
    assertEquals("stop", javaScript.outcome(first))
  }

  @Test
  fun a_generation_is_cancelled_while_its_model_loads() {
    val gate = Models.gated()
    val generation = javaScript.generate(unique("scope"), "my name is alice", """{ "path": "${gate.path}" }""")
    gate.awaitLoad()
    cancel(generation)
    assertEquals("cancelled", javaScript.outcome(generation))
    gate.open()
  }

  @Test
  fun a_prefill_is_cancelled() {
    val words = "my name is alice and ".repeat(1_000)
    val generation = javaScript.generate(unique("scope"), words, LARGE)
    javaScript.event { it.isPhase(generation, "prefilling") }
    cancel(generation)
    assertEquals("cancelled", javaScript.outcome(generation))
    assertFalse(javaScript.events.any { it.isPhase(generation, "decoding") })
  }

  @Test
  fun a_decode_is_cancelled() {
    val generation = javaScript.generate(unique("scope"), "my name is alice", LARGE, ENDLESS)
    javaScript.event { it.isText(generation) }
    cancel(generation)
    assertEquals("cancelled", javaScript.outcome(generation))
  }

  private fun cancel(generation: String) = javaScript.ask("""{ "type": "cancel", "generationId": "$generation" }""")

  private companion object {
    val LARGE = """{ "path": "${Host.tinyModel}", "contextSize": 16384, "maxResident": 1, "threads": 1 }"""
  }
}
