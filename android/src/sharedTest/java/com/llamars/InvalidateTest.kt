package com.llamars

import com.llamars.JavaScript.Companion.ENDLESS
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

class InvalidateTest {
  private val old = JavaScript()
  private val next = JavaScript()

  @AfterTest fun end() = next.end()

  @Test
  fun nothing_is_emitted_after_an_invalidation_during_a_load() {
    val gate = Models.gated()
    val generation = old.generate(unique("scope"), "my name is alice", """{ "path": "${gate.path}" }""")
    gate.awaitLoad()
    old.module.invalidate()
    val heard = old.events.size
    gate.open()
    next.snapshot
    assertEquals("stop", next.outcome(generation))
    assertEquals(heard, old.events.size)
  }

  @Test
  fun nothing_is_emitted_after_an_invalidation_during_a_decode() {
    next.snapshot
    val generation = old.generate(unique("scope"), "my name is alice", options = ENDLESS)
    old.event { it.isText(generation) }
    old.module.invalidate()
    val heard = old.events.size
    next.ask("""{ "type": "cancel", "generationId": "$generation" }""")
    assertEquals("cancelled", next.outcome(generation))
    assertEquals(heard, old.events.size)
  }

  @Test
  fun a_batch_that_was_pulled_before_is_not_emitted() {
    old.ask("""{ "type": "resume" }""")
    val heard = old.events.size
    val pump = pumps().single()
    synchronized(old.module.lock) {
      old.send("""{ "type": "resume" }""")
      while (pump.state != Thread.State.BLOCKED) check(pump.isAlive)
      old.module.invalidate()
    }
    pump.join(PATIENCE_MS)
    assertFalse(pump.isAlive)
    assertEquals(heard, old.events.size)
  }

  @Test
  fun an_invalidation_waits_for_the_emit_that_runs() {
    val (emitting, goesOn) = CountDownLatch(1) to CountDownLatch(1)
    old.onBatch = {
      emitting.countDown()
      check(goesOn.await(PATIENCE_MS, TimeUnit.MILLISECONDS))
    }
    old.send("""{ "type": "resume" }""")
    assertTrue(emitting.await(PATIENCE_MS, TimeUnit.MILLISECONDS))
    val invalidation = thread { old.module.invalidate() }
    while (invalidation.state != Thread.State.BLOCKED) check(invalidation.isAlive)
    goesOn.countDown()
    invalidation.join(PATIENCE_MS)
    assertFalse(invalidation.isAlive)
  }

  @Test
  fun a_module_that_is_invalid_takes_everything_and_answers_nothing() {
    old.module.invalidate()
    old.module.invalidate()
    old.send("""{ "type": "resume" }""")
    assertTrue(old.snapshot.getString("epoch").isNotEmpty())
    next.ask("""{ "type": "resume" }""")
    assertTrue(old.events.isEmpty())
  }
}

/** Returns the threads on which modules emit. */
internal fun pumps(): List<Thread> = Thread.getAllStackTraces().keys.filter { it.name == "llama-events" }

internal const val PATIENCE_MS = 60_000L
