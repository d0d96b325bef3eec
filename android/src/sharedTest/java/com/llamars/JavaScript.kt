package com.llamars

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.json.JSONArray
import org.json.JSONObject

/**
 * A JavaScript runtime, as far as the module can tell: commands with ids, and events that can be awaited whether they
 * came already or not.
 */
internal class JavaScript {
  private val lock = ReentrantLock()
  private val came = lock.newCondition()
  private val heard = mutableListOf<JSONObject>()

  /** Called for each batch, on the thread that emits it, before anybody hears of it. */
  @Volatile var onBatch: (String) -> Unit = {}

  val module: LlamaModule = Host.module { batch ->
    onBatch(batch)
    lock.withLock {
      heard += JSONObject(batch).getJSONArray("events").objects()
      came.signalAll()
    }
  }

  /** Everything that came so far. */
  val events: List<JSONObject>
    get() = lock.withLock { heard.toList() }

  val snapshot: JSONObject
    get() = JSONObject(module.snapshot())

  /** Sends a command, given as JSON without its `requestId`. Returns that id. */
  fun send(command: String): String {
    val requestId = unique("request")
    module.send(command.replaceFirst("{", """{ "requestId": "$requestId", """))
    return requestId
  }

  /** The answer to a command that was sent. */
  fun answer(requestId: String): JSONObject = event { it.optString("requestId") == requestId }

  /** Sends a command and returns its answer, which is no refusal. */
  fun ask(command: String): JSONObject =
    answer(send(command)).also { check(it.getString("type") != "failed") { "$command: $it" } }

  /** Sends a turn of `scope`. Returns the generation's id. */
  fun generate(
    scope: String,
    words: String,
    model: String = """{ "path": "${Host.tinyModel}" }""",
    options: String = GREEDY,
  ): String {
    val id = unique("generation")
    send(
      """{ "type": "generate", "generationId": "$id", "scope": "$scope", "model": $model, "options": $options,
           "append": [{ "role": "user", "content": "$words" }] }"""
    )
    return id
  }

  /** How a generation ended. */
  fun outcome(generation: String): String = finished(generation).getJSONObject("outcome").getString("reason")

  private fun finished(generation: String): JSONObject =
    event { it.isPhase(generation, "finished") }.getJSONObject("phase")

  /** A whole turn of `scope`. Returns the answer. */
  fun say(scope: String, words: String): String {
    val generation = generate(scope, words)
    val outcome = finished(generation).getJSONObject("outcome")
    check(outcome.getString("reason") == "stop") { outcome }
    return text(generation)
  }

  /** What came of an answer, put together. */
  fun text(generation: String): String =
    events.filter { it.isText(generation) }.joinToString("") { it.getString("text") }

  /** The first event, past or future, that matches. */
  fun event(matches: (JSONObject) -> Boolean): JSONObject = lock.withLock {
    var patience = PATIENCE_NANOS
    var at = 0
    while (true) {
      while (at < heard.size) heard[at++].takeIf(matches)?.let { return it }
      check(patience > 0) { "no such event among $heard" }
      patience = came.awaitNanos(patience)
    }
    @Suppress("UNREACHABLE_CODE") throw AssertionError()
  }

  /** Returns when the manager has taken every command that was given before, by whomever. */
  fun settle() {
    ask("""{ "type": "configure" }""")
  }

  /** Where a model is in its life. */
  fun status(path: String): String =
    snapshot
      .getJSONArray("models")
      .objects()
      .single { it.getString("path") == path }
      .getJSONObject("status")
      .getString("type")

  /** Loads a model and, unless somebody is to hold it, gives it back; it stays loaded for five minutes. */
  fun load(path: String, isHeld: Boolean = false) {
    ask("""{ "type": "acquire", "leaseId": "$path", "debugLabel": "test", "model": { "path": "$path" } }""")
    if (!isHeld) ask("""{ "type": "release", "leaseId": "$path" }""")
  }

  /** Leaves the process's manager as the next test wants it: nothing loaded, nothing remembered. */
  fun end() {
    ask("""{ "type": "resume" }""")
    ask("""{ "type": "deleteAllScopes" }""")
    snapshot.getJSONArray("models").objects().map { it.getString("path") }.forEach {
      ask("""{ "type": "unload", "path": "$it" }""")
    }
    module.invalidate()
  }

  companion object {
    const val GREEDY = """{ "temperature": 0 }"""

    /** Tokens seen are made likelier, so the answer repeats itself until the context is full. */
    const val ENDLESS = """{ "temperature": 0, "repeatPenalty": 0.05 }"""
    private val PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60)
  }
}

internal fun JSONObject.isPhase(generation: String, phase: String): Boolean =
  optString("type") == "phaseChanged" &&
    getString("generationId") == generation &&
    getJSONObject("phase").getString("type") == phase

internal fun JSONObject.isText(generation: String): Boolean =
  optString("type") == "textDelta" && getString("generationId") == generation


