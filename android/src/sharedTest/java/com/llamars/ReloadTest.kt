package com.llamars

import com.llamars.JavaScript.Companion.ENDLESS
import java.util.concurrent.TimeUnit
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.json.JSONObject

class ReloadTest {
  private val old = JavaScript()
  private val next by lazy { JavaScript() }

  @AfterTest fun end() = next.end()

  @Test
  fun an_answer_goes_on_for_the_next_module_and_its_model_stays_loaded() {
    val scope = unique("scope")
    val path = Models.path()
    val generation = old.generate(scope, "my name is alice", """{ "path": "$path" }""", ENDLESS)
    old.event { it.isText(generation) }
    old.module.invalidate()
    val snapshot = next.snapshot
    val found = snapshot.getJSONArray("generations").objects().single { it.getString("id") == generation }
    assertEquals("decoding", found.getJSONObject("phase").getString("type"))
    val text = next.event { it.isText(generation) && it.getLong("seq") > snapshot.getLong("seq") }
    assertEquals(found.getString("text").length, text.getInt("offset"))
    next.ask("""{ "type": "cancel", "generationId": "$generation" }""")
    assertEquals("stop", next.outcome(next.generate(scope, "what is my name", """{ "path": "$path" }""")))
    assertEquals(1, model(path).getInt("loads"))
  }

  @Test
  fun the_leases_of_the_module_before_run_out() {
    val path = Models.path()
    val model = """{ "path": "$path", "keepAliveMs": 0 }"""
    old.ask("""{ "type": "acquire", "leaseId": "l", "debugLabel": "Chat", "model": $model }""")
    old.module.invalidate()
    assertEquals("Chat", model(path).getJSONArray("leases").objects().single().getString("debugLabel"))
    // The lease ends ten seconds later.
    next.event { it.getString("type") == "modelChanged" && it.getJSONObject("model").isUnloaded(path) }
  }

  @Test
  fun five_hundred_reloads_leave_no_thread_and_no_native_memory() {
    old.module.invalidate()
    next.say(unique("scope"), "my name is alice")
    reload500()
    val threads = Thread.activeCount()
    // A virtual machine sometimes takes and frees megabytes for itself. A leak grows in every round.
    val grown =
      List(ROUNDS) {
        val before = Host.nativeBytes()
        reload500()
        Host.nativeBytes() - before
      }
    assertEquals(threads, Thread.activeCount())
    val median = grown.sorted()[ROUNDS / 2]
    assertTrue(median < RELOADS * BYTES, "500 reloads leave $grown bytes")
  }

  private fun reload500() {
    repeat(RELOADS) { reload() }
    settle()
  }

  private fun reload() {
    val javaScript = JavaScript()
    javaScript.snapshot
    javaScript.ask("""{ "type": "resume" }""")
    javaScript.module.invalidate()
  }

  /** Waits until only the pump of `next` is left, and frees the memory of the others. */
  private fun settle() {
    val deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS)
    while (pumps().size > 1) check(System.nanoTime() < deadline) { pumps() }
    System.gc()
  }

  private fun model(path: String): JSONObject =
    next.snapshot.getJSONArray("models").objects().single { it.getString("path") == path }

  private fun JSONObject.isUnloaded(path: String) =
    getString("path") == path && getJSONObject("status").getString("type") == "unloaded"

  private companion object {
    const val RELOADS = 500
    const val ROUNDS = 5
    const val BYTES = 1024
  }
}
